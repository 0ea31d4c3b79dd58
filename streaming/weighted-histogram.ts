import type { Metric, Registry } from 'prom-client'

/**
 * A histogram whose values come many at once: prom-client's would have to be told of every single message, which costs
 * more than reading it.
 */
export class WeightedHistogram {
  readonly name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  /** By bucket, not summed up; the last is what lies beyond all bounds. */
  readonly #counts: number[]
  #sum = 0

  constructor(
    name: string,
    { help, buckets }: { help: string; buckets: readonly number[] },
    registry: Registry,
  ) {
    this.name = name
    this.#help = help
    this.#bounds = buckets
    this.#counts = Array(buckets.length + 1).fill(0)
    // Of a metric a registry wants its name, and what `get` gives.
    registry.registerMetric(this as unknown as Metric)
  }

  /** Notes a value that was seen so many times. */
  observe(value: number, times: number): void {
    const bucket = this.#bounds.findIndex((bound) => value <= bound)
    const index = bucket === -1 ? this.#bounds.length : bucket
    this.#counts[index] = (this.#counts[index] as number) + times
    this.#sum += value * times
  }

  /** What the registry prints. */
  get(): object {
    const { name } = this
    let count = 0
    const buckets = this.#counts.map((each, index) => {
      count += each
      const le = this.#bounds[index] ?? '+Inf'
      return { metricName: `${name}_bucket`, labels: { le }, value: count }
    })
    const values = [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ]
    return { name, help: this.#help, type: 'histogram', values, aggregator: 'sum' }
  }
}
