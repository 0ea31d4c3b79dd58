/**
 * A seeded stream of random numbers. A stream is known by its name, and `at` jumps to any place in
 * it, so that neither another stream nor another payment is shifted when one of them draws more or
 * less than before.
 */
export class Random {
  private readonly keyLow: number
  private readonly keyHigh: number
  private a = 0
  private b = 0
  private c = 0
  private counter = 0

  constructor(...name: readonly (string | number)[]) {
    const text = name.join('/')
    this.keyLow = hashText(text, 1)
    this.keyHigh = hashText(text, 2)
    this.at(0)
  }

  /** Jumps to a place of the stream, a whole number, and returns the stream itself. */
  at(place: number): this {
    this.a = mixBits(this.keyLow ^ (place | 0))
    this.b = mixBits(this.a ^ this.keyHigh ^ ((place / TWO_POW_32) | 0))
    this.c = mixBits((this.b + this.keyLow) | 0)
    this.counter = 1
    this.bits()
    this.bits()
    return this
  }

  /** 32 random bits, as a signed whole number: sfc32, of which the state fits in small integers. */
  bits(): number {
    const result = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0
    return result
  }

  /** A number from 0 to below 1. */
  uniform(): number {
    return (this.bits() >>> 0) / TWO_POW_32
  }

  /** A whole number from 0 to below the bound. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound)
  }

  /** A whole number between two bounds, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability
  }

  /** A log-normal number of this median: half of all draws are below it. */
  logNormal(median: number, sigma: number): number {
    const radius = Math.sqrt(-2 * Math.log(((this.bits() >>> 0) + 0.5) / TWO_POW_32))
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.uniform()))
  }

  /** A number between two bounds of which the logarithm is uniform: hours are as likely as days. */
  logUniform(low: number, high: number): number {
    return low * Math.exp(this.uniform() * Math.log(high / low))
  }

  /** One item of a list, each as likely as another. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

/** Hashes text to 32 bits; another salt gives an independent hash. */
export function hashText(text: string, salt = 0): number {
  let hash = mixBits(salt ^ 0x9e3779b9)
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x5bd1e995)
    hash ^= hash >>> 15
  }
  return mixBits(hash ^ text.length)
}

/** Scrambles 32 bits so that each bit of the input moves all of the output; no two inputs meet. */
export function mixBits(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

const TWO_POW_32 = 4_294_967_296
