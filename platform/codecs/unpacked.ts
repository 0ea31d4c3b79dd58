/**
 * What compressed bytes unpack to. It grows as it is written, never over its bound, and refuses copies of what is not
 * there, so that no bytes whatever can make a decoder run on or fill the memory.
 */
export class Unpacked {
  readonly #bytesMax: number
  #bytes: Buffer
  #length = 0

  constructor(bytesMax: number, bytesExpected: number) {
    this.#bytesMax = bytesMax
    this.#bytes = Buffer.allocUnsafe(Math.min(bytesMax, bytesExpected))
  }

  /** Adds bytes of the source as they are. */
  addLiteral(source: Buffer, from: number, to: number): void {
    if (to > source.length) throw new Error('the data ends too early')
    const start = this.#grow(to - from)
    if (to - from > SHORT) {
      source.copy(this.#bytes, start, from, to)
      return
    }
    for (let i = 0; i < to - from; i++) this.#bytes[start + i] = source[from + i] as number
  }

  /** Adds a copy of what was written before; one that reaches into itself repeats. */
  addCopy(distance: number, count: number): void {
    if (distance === 0 || distance > this.#length) throw new Error('a copy of nothing')
    const start = this.#grow(count)
    const from = start - distance
    if (count > SHORT && distance >= count) {
      this.#bytes.copyWithin(start, from, from + count)
      return
    }
    for (let i = 0; i < count; i++) this.#bytes[start + i] = this.#bytes[from + i] as number
  }

  get length(): number {
    return this.#length
  }

  toBuffer(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Makes room for so many bytes more, and gives the place where they begin. */
  #grow(count: number): number {
    const start = this.#length
    this.#length += count
    if (this.#length > this.#bytesMax) throw new Error(tooLarge(this.#bytesMax))
    if (this.#length > this.#bytes.length) {
      const size = Math.max(this.#length, 2 * this.#bytes.length)
      const larger = Buffer.allocUnsafe(Math.min(this.#bytesMax, size))
      this.#bytes.copy(larger, 0, 0, start)
      this.#bytes = larger
    }
    return start
  }
}

/** Why data that would unpack to more than it may is refused. */
export function tooLarge(bytesMax: number): string {
  return `it holds more than ${bytesMax / (1 << 20)} MiB`
}

// Below this a loop is quicker than a call.
const SHORT = 32
