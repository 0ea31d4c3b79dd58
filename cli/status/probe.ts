import { STATUS_ANSWER_MS_MAX } from '../../core/limits.ts'

/** What a server has told, or why it has told nothing. */
export type Reading<T> = { readonly value: T } | { readonly away: Away }

/** Who does not answer, as people call it, and what happened. */
export interface Away {
  readonly who: string
  readonly reason: string
  readonly fix?: string
  /** Whether no answer came at all, not even one that nobody wants: none in time, or none to be had. */
  readonly silence?: 'late' | 'away'
}

/** One question to the platform. It never throws, never waits long, and is put again only when its answer is too old. */
export class Probe<T> {
  readonly #who: string
  readonly #read: () => Promise<T>
  readonly #ageMsMax: number
  #asked: Promise<Reading<T>> | undefined
  #last: { readonly reading: Reading<T>; readonly at: number } | undefined

  constructor(who: string, read: () => Promise<T>, ageMsMax = 0) {
    this.#who = who
    this.#read = read
    this.#ageMsMax = ageMsMax
  }

  async ask(): Promise<Reading<T>> {
    const last = this.#last
    if (last !== undefined && performance.now() - last.at < this.#ageMsMax) return last.reading
    this.#asked ??= this.#answer().finally(() => {
      this.#asked = undefined
    })
    const late = Promise.withResolvers<Reading<T>>()
    const reason = `no answer within ${STATUS_ANSWER_MS_MAX / 1000} s`
    const away = { away: { who: this.#who, reason, silence: 'late' as const } }
    const timer = setTimeout(late.resolve, STATUS_ANSWER_MS_MAX, away)
    const reading = await Promise.race([this.#asked, late.promise])
    clearTimeout(timer)
    return reading
  }

  async #answer(): Promise<Reading<T>> {
    try {
      const reading = { value: await this.#read() }
      this.#last = { reading, at: performance.now() }
      return reading
    } catch (fault) {
      // What failed is asked again the next time, however young the answer.
      this.#last = undefined
      const { code } = Object(fault) as { code?: unknown }
      const away = { who: whoOf(code, this.#who), ...reasonOf(fault) }
      if (!String(code).endsWith('_UNAVAILABLE')) return { away }
      return { away: { ...away, silence: 'away' } }
    }
  }
}

const SERVERS: Readonly<Record<string, string>> = {
  POSTGRES: 'Postgres',
  KAFKA: 'Kafka',
  TEMPORAL: 'Temporal',
}

// What asks two servers lets the fault tell which of them it was.
function whoOf(code: unknown, asked: string): string {
  const [server = ''] = String(code).split('_')
  return SERVERS[server] ?? asked
}

function reasonOf(fault: unknown): Pick<Away, 'reason' | 'fix'> {
  if (!(fault instanceof Error)) return { reason: String(fault) }
  const { fix } = fault as { fix?: string }
  return { reason: fault.message, ...(fix === undefined ? {} : { fix }) }
}
