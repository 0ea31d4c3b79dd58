// Never more than this much of the wall clock at once: after a pause the missed time is made up for bit by bit.
const STEP_MS_MAX = 100

// How much faster than the wall clock it runs while it is behind.
const CATCH_UP = 2

/**
 * The clock of live traffic: it follows the wall clock without drift, and after a pause it catches up at twice the
 * pace, so that a pause is not followed by a burst. Instants are in milliseconds since 1970 UTC.
 */
export class Pace {
  private at: number
  private seen: number

  constructor(now: number) {
    this.at = now
    this.seen = now
  }

  /** The instant up to which traffic is due. */
  advance(now: number): number {
    const step = Math.min(Math.max(0, now - this.seen), STEP_MS_MAX)
    this.seen = now
    this.at = Math.min(now, this.at + CATCH_UP * step)
    return this.at
  }

  /** Notes that traffic got no farther than this. */
  holdAt(instant: number): void {
    this.at = Math.min(this.at, instant)
  }

  /** How far the wall clock was ahead when it was last read. */
  get behindMs(): number {
    return this.seen - this.at
  }
}
