import type { Logger } from 'pino'

const DEBUG = 'debug'
const DETAILED: readonly string[] = [DEBUG, 'trace']

/**
 * The level of a process' logger and of all its children, whose levels pino keeps apart: configured, or for a while
 * debug. Children that nobody holds any more are forgotten.
 */
export class LogLevel {
  #members: { readonly logger: WeakRef<Logger>; readonly configured: string }[] = []
  #isDebug = false

  /** Takes in a logger, or a child of one that was taken in; one that is made meanwhile begins at debug. */
  add(logger: Logger): void {
    const root = this.#members[0]
    const configured =
      this.#isDebug && logger.level === DEBUG && root !== undefined ? root.configured : logger.level
    this.#members = this.#members.filter((each) => each.logger.deref() !== undefined)
    this.#members.push({ logger: new WeakRef(logger), configured })
  }

  /** Goes to debug, or back to what is configured; who says more than debug anyway, or nothing at all, goes on so. */
  toggle(): void {
    this.#isDebug = !this.#isDebug
    for (const { logger, configured } of this.#members) {
      const known = logger.deref()
      if (known === undefined || DETAILED.includes(configured) || configured === 'silent') continue
      known.level = this.#isDebug ? DEBUG : configured
    }
  }
}
