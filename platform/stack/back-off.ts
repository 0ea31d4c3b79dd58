import {
  HEALTHY_MS_MIN,
  RESTART_DELAY_MS_MAX,
  RESTART_DELAY_MS_MIN,
} from '../../core/stack-limits.ts'

/** How long to wait before the next start: doubles with each death in a row, and starts over after a healthy life. */
export class BackOff {
  #deaths = 0

  /** Notes a death after so many healthy milliseconds and says how long to wait. */
  next(healthyMs: number): number {
    if (healthyMs >= HEALTHY_MS_MIN) this.#deaths = 0
    const delay = RESTART_DELAY_MS_MIN * 2 ** this.#deaths
    this.#deaths += 1
    return Math.min(delay, RESTART_DELAY_MS_MAX)
  }
}
