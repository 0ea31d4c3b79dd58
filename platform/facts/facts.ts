import { Counter, Gauge, Registry } from 'prom-client'
import { FACT_AGE_MS_MAX, FACT_ANSWER_MS_MAX } from '../../core/limits.ts'
import type { FactReader, Samples, Told } from './fact-reader.ts'
import { FACTS, type FactName } from './fact-table.ts'

/** What the worker tells Prometheus beyond itself, read when it is asked for, and seldom. */
export class Facts {
  readonly registry = new Registry()
  readonly #sources: readonly Source[]

  constructor(readers: readonly FactReader[], now: () => number = () => performance.now()) {
    this.#sources = readers.map((reader) => new Source(reader, now))
    for (const name of Object.keys(FACTS) as FactName[]) {
      this.#add(name, async () => {
        const told = await this.#look()
        return told.flatMap((each) => each[name] ?? [])
      })
    }
  }

  // All metrics of a scrape ask at once, and share what each source tells.
  async #look(): Promise<Told[]> {
    const told = await Promise.all(this.#sources.map((source) => source.ask()))
    const up = told.map((each, index): Samples[number] => [
      Number(each !== undefined),
      { fact: this.#sources[index]?.fact ?? '' },
    ])
    return [{ upi_facts_up: up }, ...told.filter((each) => each !== undefined)]
  }

  #add(name: FactName, read: () => Promise<Samples>): void {
    const { type, help, labels: labelNames } = FACTS[name]
    const collect = async function (this: Counter<string> | Gauge<string>) {
      const samples = await read()
      // What is gone since the last time is left out.
      this.reset()
      if (labelNames.length === 0) this.remove()
      for (const [value, labels = {}] of samples) {
        if (this instanceof Counter) this.inc(labels, value)
        else this.set(labels, value)
      }
    }
    const options = { name, help, labelNames, registers: [this.registry], collect }
    if (type === 'counter') new Counter<string>(options)
    else new Gauge<string>(options)
  }
}

/** A source and its last answer: many who ask cost one question, and one that is silent holds up nobody for long. */
class Source {
  readonly fact: string
  readonly #reader: FactReader
  readonly #now: () => number
  #asked: Promise<Told | undefined> | undefined
  #last: { readonly told: Told | undefined; readonly at: number } | undefined

  constructor(reader: FactReader, now: () => number) {
    this.fact = reader.fact
    this.#reader = reader
    this.#now = now
  }

  /** What it tells; undefined while it cannot be read. */
  async ask(): Promise<Told | undefined> {
    const { ageMsMax = FACT_AGE_MS_MAX } = this.#reader
    const last = this.#last
    if (last !== undefined && this.#now() - last.at < ageMsMax) return last.told
    this.#asked ??= this.#read().finally(() => {
      this.#asked = undefined
    })
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(late.resolve, FACT_ANSWER_MS_MAX, undefined)
    const told = await Promise.race([this.#asked, late.promise])
    clearTimeout(timer)
    return told
  }

  async #read(): Promise<Told | undefined> {
    // An outage is told by upi_facts_up, and in words by whoever needs the server.
    const told = await this.#reader.read().catch(() => undefined)
    this.#last = { told, at: this.#now() }
    return told
  }
}
