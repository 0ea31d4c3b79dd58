import type { Random } from './random.ts'

/**
 * Draws items by weight in constant time, by Walker's alias method: each cell holds one item and
 * one alias.
 */
export class Weighted<T> {
  readonly items: readonly T[]
  private readonly threshold: Float64Array
  private readonly alias: Uint32Array

  constructor(items: readonly T[], weigh: (item: T) => number) {
    this.items = items
    this.threshold = new Float64Array(items.length).fill(1)
    this.alias = new Uint32Array(items.length)
    const weights = items.map(weigh)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    this.level(Float64Array.from(weights, (weight) => (weight * items.length) / total))
  }

  /** One item, drawn by weight. */
  draw(random: Random): T {
    const spot = random.uniform() * this.items.length
    const cell = Math.floor(spot)
    const kept = spot - cell < (this.threshold[cell] as number)
    return this.items[kept ? cell : (this.alias[cell] as number)] as T
  }

  private level(scaled: Float64Array): void {
    const poor: number[] = []
    const rich: number[] = []
    scaled.forEach((share, cell) => {
      ;(share < 1 ? poor : rich).push(cell)
    })
    for (let low = poor.pop(); low !== undefined; low = poor.pop()) {
      const high = rich.pop()
      if (high === undefined) return // What is left differs from 1 by rounding only.
      this.threshold[low] = scaled[low] as number
      this.alias[low] = high
      scaled[high] = (scaled[high] as number) + (scaled[low] as number) - 1
      ;((scaled[high] as number) < 1 ? poor : rich).push(high)
    }
  }
}

/** Ranks from 0 by Zipf's law: rank r is drawn in proportion to 1 ÷ (r + 1) to the exponent. */
export function zipf(count: number, exponent: number): Weighted<number> {
  const ranks = Array.from({ length: count }, (_, rank) => rank)
  return new Weighted(ranks, (rank) => (rank + 1) ** -exponent)
}
