import type { UpiMessage } from '../../core/message.ts'
import { MALFORMATIONS, type RawValue, UNREADABLE } from '../../core/traffic/malformed.ts'
import { Random } from '../../core/traffic/random.ts'
import { createTraffic } from '../../core/traffic/traffic.ts'

/** A message as a bench sends it; `message` is null for what must go out as it stands in `value`. */
export interface MixedMessage {
  readonly key: string | null
  readonly message: UpiMessage | null
  readonly value: RawValue
}

/** What has been sent, and so what must be found. */
export interface MixTally {
  messages: number
  /** Further messages of a transaction, with another status. */
  updates: number
  /** Repeated byte for byte. */
  duplicates: number
  malformed: number
  transactions: number
}

/** Event times of the ingest bench: a business day at India's peak has some 10,000 a second, a large bank a fifth of it. */
export const EVENTS_PER_SECOND = 2_000

export const SHARES = { duplicates: 0.01, updates: 0.05, malformed: 0.005 } as const

/**
 * Calibrated traffic as one bank would see it, with a known share of what a stream must cope with. The same options give
 * the same messages; `tally` counts those that were taken.
 */
export function* mixMessages(
  { seed, from, count }: { seed: string; from: number; count: number },
  tally: MixTally,
): Generator<MixedMessage> {
  const random = new Random(seed, 'mix')
  const recent = new Recent()
  const open = new Set<string>()
  for (const { key, message } of createTraffic({ seed, from, ratePerSecond: EVENTS_PER_SECOND })) {
    if (key === null || message === null) continue
    if (message.status === 'PENDING' && !random.chance(PENDING_KEPT)) continue
    const extra = extraMessage(random, recent, message)
    for (const each of extra === undefined ? [] : [extra]) {
      if (tally.messages === count) return
      tally.messages += 1
      tally[each.message === null ? 'malformed' : 'duplicates'] += 1
      yield each
    }
    if (tally.messages === count) return
    tally.messages += 1
    tally[open.has(key) ? 'updates' : 'transactions'] += 1
    if (OPEN_STATUSES.has(message.status)) open.add(key)
    else open.delete(key)
    const sent = { key, message, value: null }
    recent.add(sent)
    yield sent
  }
}

/** A tally of nothing. */
export function emptyTally(): MixTally {
  return { messages: 0, updates: 0, duplicates: 0, malformed: 0, transactions: 0 }
}

// Of the PSPs' early notices so many are left out that 5 % of all messages are updates (9.6 % as generated).
const PENDING_KEPT = 0.49
const OPEN_STATUSES: ReadonlySet<string> = new Set(['PENDING', 'DEEMED'])

function extraMessage(
  random: Random,
  recent: Recent,
  message: UpiMessage,
): MixedMessage | undefined {
  const draw = random.uniform()
  if (draw < SHARES.duplicates) return recent.draw(random)
  if (draw >= SHARES.duplicates + SHARES.malformed) return undefined
  const { code, spoil } = random.pick(MALFORMATIONS)
  return {
    key: UNREADABLE.has(code) ? null : message.txn_id,
    message: null,
    value: spoil(message),
  }
}

// A producer that saw no acknowledgement sends again after 100 ms to 30 s.
const REPEATED_AFTER_MIN = EVENTS_PER_SECOND / 10
const REPEATED_AFTER_MAX = EVENTS_PER_SECOND * 30

/** The last messages, to be sent once more. */
class Recent {
  readonly #ring: MixedMessage[] = []
  #added = 0

  add(message: MixedMessage): void {
    this.#ring[this.#added++ % REPEATED_AFTER_MAX] = message
  }

  draw(random: Random): MixedMessage | undefined {
    const wanted = Math.floor(random.logUniform(REPEATED_AFTER_MIN, REPEATED_AFTER_MAX))
    const back = Math.min(wanted, this.#added)
    return this.#ring[(this.#added - back) % REPEATED_AFTER_MAX]
  }
}
