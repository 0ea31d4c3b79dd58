import { isUtf8 } from 'node:buffer'
import { type BusinessDate, dayNumberOf, type Micros } from '../core/time.ts'

// PGCOPY\n\xff\r\n\0, no flags, no header extension.
const SIGNATURE = Buffer.from('5047434f50590aff0d0a00' + '00000000' + '00000000', 'hex')
const TRAILER_BYTES = 2
const END_OF_ROWS = 0xffff
const NULL = -1
const TEXT_OID = 25

// Postgres counts from 2000-01-01.
const EPOCH_DAY = dayNumberOf('2000-01-01')
const EPOCH_MICROS = EPOCH_DAY * 86_400_000_000
const TWO_32 = 2 ** 32

// Beyond this the call into the runtime's own encoder is cheaper than a loop.
const LOOP_CHARS_MAX = 64

/**
 * Rows in COPY's binary format: bytes go through as they are, and Postgres need parse neither dates nor numbers. The
 * values of a row follow its `start` in the order of the columns.
 */
export class CopyRows {
  #bytes: Buffer
  #at = SIGNATURE.length

  constructor(sizeHint: number) {
    this.#bytes = Buffer.allocUnsafe(SIGNATURE.length + sizeHint + TRAILER_BYTES)
    SIGNATURE.copy(this.#bytes)
  }

  /** Begins a row. */
  start(columns: number): void {
    const at = this.#room(2)
    put16(this.#bytes, at, columns)
  }

  null(): void {
    this.#length(NULL, 0)
  }

  int32(value: number): void {
    const at = this.#length(4, 4)
    put32(this.#bytes, at, value)
  }

  int64(value: number): void {
    const at = this.#length(8, 8)
    const high = Math.floor(value / TWO_32)
    put32(this.#bytes, at, high)
    put32(this.#bytes, at + 4, value - high * TWO_32)
  }

  date(value: BusinessDate | null): void {
    if (value === null) this.null()
    else this.int32(dayNumberOf(value) - EPOCH_DAY)
  }

  instant(value: Micros | null): void {
    if (value === null) this.null()
    else this.int64(value - EPOCH_MICROS)
  }

  bytes(value: Uint8Array | null): void {
    const length = value?.length ?? NULL
    const at = this.#length(length, Math.max(0, length))
    if (value !== null) this.#bytes.set(value, at)
  }

  text(value: string | null): void {
    if (value === null) this.null()
    else this.#text(value)
  }

  /** An array of text. */
  texts(values: readonly string[]): void {
    const from = this.#at
    this.#length(0, 0)
    for (const word of [1, 0, TEXT_OID, values.length, 1]) this.#word(word)
    for (const value of values) this.text(value)
    put32(this.#bytes, from, this.#at - from - 4)
  }

  /** An amount with two decimals, as digits to the base 10,000: no float comes near it. */
  money(rupees: string): void {
    const point = rupees.length - 3
    const digits = Math.ceil(point / 4) + 1
    let at = this.#length(8 + 2 * digits, 8 + 2 * digits)
    at = put16(this.#bytes, at, digits)
    at = put16(this.#bytes, at, digits - 2)
    at = put16(this.#bytes, at, 0)
    at = put16(this.#bytes, at, 2)
    for (let end = point - 4 * (digits - 2); end <= point; end += 4) {
      at = put16(this.#bytes, at, readDigits(rupees, Math.max(0, end - 4), end))
    }
    put16(this.#bytes, at, 100 * readDigits(rupees, point + 1, point + 3))
  }

  /** What COPY takes: all rows but those in these spans, which are in order. */
  finish(left: readonly { readonly from: number; readonly to: number }[] = []): Buffer {
    const at = this.#room(0)
    put16(this.#bytes, at, END_OF_ROWS)
    const end = this.#at + TRAILER_BYTES
    if (left.length === 0) return this.#bytes.subarray(0, end)
    const starts = [0, ...left.map(({ to }) => to)]
    const ends = [...left.map(({ from }) => from), end]
    return Buffer.concat(starts.map((start, i) => this.#bytes.subarray(start, ends[i])))
  }

  /** Where the next row will begin. */
  get end(): number {
    return this.#at
  }

  #text(value: string): void {
    const { length } = value
    // At most three bytes for a unit of UTF-16; the length is put right when it is known.
    const at = this.#length(length, 3 * length)
    const size = length > LOOP_CHARS_MAX ? NULL : putAscii(this.#bytes, at, value)
    if (size === length) this.#at -= 2 * length
    else {
      const written = this.#bytes.write(value, at, 'utf8')
      put32(this.#bytes, at - 4, written)
      this.#at -= 3 * length - written
    }
  }

  #word(value: number): void {
    const at = this.#room(4)
    put32(this.#bytes, at, value)
  }

  // The length of a value, and room for it; gives the place of the value.
  #length(length: number, room: number): number {
    const at = this.#room(4 + room)
    put32(this.#bytes, at, length)
    return at + 4
  }

  #room(size: number): number {
    const at = this.#at
    this.#at += size
    if (this.#at + TRAILER_BYTES > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * (this.#at + TRAILER_BYTES))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    return at
  }
}

/** Whether bytes are text that Postgres can hold. */
export function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}

function put16(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >> 8
  bytes[at + 1] = value
  return at + 2
}

function put32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

// How many bytes were written: fewer than there are characters when one of them is not ASCII.
function putAscii(bytes: Buffer, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return i
    bytes[at + i] = code
  }
  return text.length
}

const ZERO = 48

function readDigits(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) value = 10 * value + text.charCodeAt(i) - ZERO
  return value
}
