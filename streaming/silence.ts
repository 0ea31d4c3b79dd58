import { AWAY_MS_MAX } from '../core/limits.ts'
import { isPassing, type Outside, outsideOf } from './wait-out.ts'

/**
 * Who does not answer questions that are asked now and then: where no message comes, neither fetches nor writes notice.
 * A worker is then not ready, for it does not read what is its own. Nobody sends it anything, so that "not ready" takes
 * nothing away from it and ends nothing: it tells people, and what starts after it. A restart of the server is not told.
 */
export class Silence {
  #vain: { readonly outside: Outside; readonly sinceMs: number } | undefined

  /** Notes whether what has just been asked is answered, if only by a refusal. */
  async note<T>(asked: Promise<T>): Promise<T> {
    const askedMs = performance.now()
    try {
      const answer = await asked
      this.#vain = undefined
      return answer
    } catch (fault) {
      const sinceMs = this.#vain?.sinceMs ?? askedMs
      this.#vain = isPassing(fault) ? { outside: outsideOf(fault), sinceMs } : undefined
      throw fault
    }
  }

  /** Who has been away for longer than a restart takes. */
  get away(): readonly Outside[] {
    const { outside, sinceMs = 0 } = this.#vain ?? {}
    return outside === undefined || performance.now() - sinceMs < AWAY_MS_MAX ? [] : [outside]
  }
}
