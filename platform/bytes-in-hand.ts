import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'
import { BYTES_IN_HAND_MAX } from '../core/limits.ts'

// A partition has three stretches in hand at most: three of them that stand still leave room for the others.
const SHARES = 12
// What nobody has taken by then was dropped inside of kafkajs, with a broker that is gone.
const TAKEN_MS_MAX = 5_000

interface Fetching {
  readonly hand: BytesInHand
  readonly portions: Portion[]
}

const fetching = new AsyncLocalStorage<Fetching>()

/** What the fetch, inside of which this is called, has brought of one partition: nothing yet. Undefined without a budget. */
export function newPortion(): Portion | undefined {
  const fetch = fetching.getStore()
  if (fetch === undefined) return undefined
  const portion = new Portion(fetch.hand)
  fetch.portions.push(portion)
  return portion
}

/** Fetches within the budget of the consumer that asks, if it has one; undefined while that is used up. */
export async function fetchWithin<T>(
  node: number,
  { maxBytes, maxWaitTime }: { maxBytes: number; maxWaitTime: number },
  fetch: (maxBytes: number) => Promise<T>,
): Promise<T | undefined> {
  const hand = fetching.getStore()?.hand
  if (hand === undefined) return await fetch(maxBytes)
  const portions = hand.beginFetch(node)
  if (!(await hand.hasRoom(maxWaitTime))) return undefined
  // Packed or not, what is more could not be taken.
  const bytes = Math.min(maxBytes, hand.bytesFree)
  return await fetching.run({ hand, portions }, () => fetch(bytes))
}

/**
 * One budget for what a worker has fetched, unpacked and not yet written, over all of its partitions. Batches are
 * unpacked one at a time, and none once it is used up, so that it is passed by less than one batch; what is left of a
 * fetch is fetched again. Since one batch is always admitted when nothing is in hand, it cannot stand still.
 */
export class BytesInHand {
  readonly #bytesMax: number
  readonly #fetched = new Map<number, { readonly portions: Portion[]; readonly atMs: number }>()
  #bytes = 0
  #unpacking: Promise<unknown> = Promise.resolve()
  #released = Promise.withResolvers<void>()

  constructor(bytesMax = BYTES_IN_HAND_MAX) {
    this.#bytesMax = bytesMax
  }

  /** Now. */
  get bytes(): number {
    return this.#bytes
  }

  /** Up to the budget. */
  get bytesFree(): number {
    return Math.max(0, this.#bytesMax - this.#bytes)
  }

  /** Of one partition no more is unpacked at a time, but for its last batch. */
  get share(): number {
    return this.#bytesMax / SHARES
  }

  /** Lets what fetches inside of a call, and of all that it starts, be bounded. */
  bound<T>(call: () => T): T {
    return fetching.run({ hand: this, portions: [] }, call)
  }

  /** What the last fetch from a broker brought was taken by now, or is dropped; gives the place for what comes. */
  beginFetch(node: number): Portion[] {
    const nowMs = performance.now()
    for (const [each, { portions, atMs }] of this.#fetched) {
      if (each !== node && nowMs - atMs < TAKEN_MS_MAX) continue
      for (const portion of portions) if (!portion.isTaken) portion.release()
      this.#fetched.delete(each)
    }
    const portions: Portion[] = []
    this.#fetched.set(node, { portions, atMs: nowMs })
    return portions
  }

  /** Waits until a share is free; whether it is. */
  async hasRoom(waitMs: number): Promise<boolean> {
    const late = performance.now() + waitMs
    while (this.bytesFree < this.share) {
      const leftMs = late - performance.now()
      if (leftMs <= 0) return false
      await Promise.race([this.#released.promise, setTimeout(leftMs, undefined, { ref: false })])
    }
    return true
  }

  /** Waits for the batch before it to be unpacked. */
  async inTurn<T>(unpack: () => Promise<T>): Promise<T> {
    const turn = this.#unpacking.then(unpack)
    this.#unpacking = turn.catch(() => {})
    return await turn
  }

  /** Something was unpacked, or is no longer in hand. */
  change(bytes: number): void {
    this.#bytes += bytes
    if (bytes >= 0) return
    this.#released.resolve()
    this.#released = Promise.withResolvers()
  }
}

/** What one fetch has brought of one partition. */
export class Portion {
  readonly #hand: BytesInHand
  #bytes = 0
  #isCounted = true
  isTaken = false

  constructor(hand: BytesInHand) {
    this.#hand = hand
  }

  /** Unpacks one batch more; undefined when there is no room for one. */
  async add<T>(unpack: () => Promise<{ unpacked: T; bytes: number }>): Promise<T | undefined> {
    const hand = this.#hand
    return await hand.inTurn(async () => {
      if (hand.bytesFree === 0 || this.#bytes >= hand.share) return undefined
      const { unpacked, bytes } = await unpack()
      this.#bytes += bytes
      hand.change(bytes)
      return unpacked
    })
  }

  /** Stays in hand until it is released. */
  take(): void {
    this.isTaken = true
    if (!this.#isCounted) this.#hand.change(this.#bytes)
    this.#isCounted = true
  }

  /** Is no longer in hand. */
  release(): void {
    if (this.#isCounted) this.#hand.change(-this.#bytes)
    this.#isCounted = false
  }
}
