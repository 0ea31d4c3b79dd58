import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'
import { BYTES_IN_HAND_MAX } from '../core/limits.ts'

// A partition has three stretches in hand at most: three of them that stand still leave room for the others.
const SHARES = 12
// What nobody has taken by then was dropped inside of kafkajs, with a broker that is gone.
const TAKEN_MS_MAX = 5_000

/** One fetch from a broker, and what it has brought. */
interface Fetch {
  readonly node: number
  readonly portions: Portion[]
  /** Undefined while more may come. */
  endedMs: number | undefined
}

const fetching = new AsyncLocalStorage<{ readonly hand: BytesInHand; readonly fetch?: Fetch }>()

/** What the fetch, inside of which this is called, has brought of one partition: nothing yet. Undefined without a budget. */
export function newPortion(): Portion | undefined {
  const { hand, fetch } = fetching.getStore() ?? {}
  if (hand === undefined || fetch === undefined) return undefined
  const portion = new Portion(hand)
  fetch.portions.push(portion)
  return portion
}

/** Fetches within the budget of the consumer that asks, if it has one; undefined while that is used up. */
export async function fetchWithin<T>(
  node: number,
  { maxBytes, maxWaitTime }: { maxBytes: number; maxWaitTime: number },
  call: (maxBytes: number) => Promise<T>,
): Promise<T | undefined> {
  const hand = fetching.getStore()?.hand
  if (hand === undefined) return await call(maxBytes)
  hand.releaseUntaken(node)
  if (!(await hand.hasRoom(maxWaitTime))) return undefined
  // Packed or not, what is more could not be taken.
  const bytes = Math.min(maxBytes, hand.bytesFree)
  const fetch = hand.beginFetch(node)
  try {
    return await fetching.run({ hand, fetch }, () => call(bytes))
  } finally {
    fetch.endedMs = performance.now()
  }
}

/**
 * One budget for what a worker has fetched, unpacked and not yet written, over all of its partitions. Batches are
 * unpacked one at a time, and none once it is used up, so that it is passed by less than one batch; what is left of a
 * fetch is fetched again. Since one batch is always admitted when nothing is in hand, it cannot stand still.
 */
export class BytesInHand {
  readonly #bytesMax: number
  readonly #fetches = new Set<Fetch>()
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
    return fetching.run({ hand: this }, call)
  }

  /** The place for what a fetch brings. */
  beginFetch(node: number): Fetch {
    const fetch: Fetch = { node, portions: [], endedMs: undefined }
    this.#fetches.add(fetch)
    return fetch
  }

  /**
   * Whatever earlier fetches from a broker have brought was taken by now, or is dropped. One that is still under way may
   * bring more: two of a broker are, where a consumer has made place for another.
   */
  releaseUntaken(node: number): void {
    const nowMs = performance.now()
    for (const fetch of this.#fetches) {
      if (fetch.endedMs === undefined) continue
      if (fetch.node !== node && nowMs - fetch.endedMs < TAKEN_MS_MAX) continue
      for (const portion of fetch.portions) if (!portion.isTaken) portion.release()
      this.#fetches.delete(fetch)
    }
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
