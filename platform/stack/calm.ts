import { SUPERVISOR_LATE_MS_MAX } from '../../core/stack-limits.ts'

/** How often the supervisor looks at its own clock. */
export const TICK_MS = 500

/**
 * Since when the supervisor sees the parts as they are. It ticks; a tick that comes late tells of a machine that slept,
 * or has more to do than it can, and then it is not the parts who are to blame for their silence. After a part was ended
 * all others have their time anew: parts that seem to hang together are ended one after the other, if they still do.
 */
export class Calm {
  readonly #now: () => number
  #since: number
  #last: number

  constructor(now = () => performance.now()) {
    this.#now = now
    this.#last = now()
    this.#since = this.#last
  }

  /** Asked at each tick, and by whoever judges: the tick that tells of a delay may come after him. */
  get since(): number {
    const now = this.#now()
    const late = now - this.#last - TICK_MS
    if (late > SUPERVISOR_LATE_MS_MAX) this.#since = now
    this.#last = now
    return this.#since
  }

  /** Whoever seems silent has his time anew from here. */
  beginAnew(): void {
    this.#since = this.#now()
  }
}
