import { randomFillSync } from 'node:crypto'
import type { UpiMessage } from '../../core/message.ts'
import { toPaise } from '../../core/money.ts'
import { STATUSES } from '../../core/status.ts'
import { Random } from '../../core/traffic/random.ts'
import type { TrafficMessage } from '../../core/traffic/traffic.ts'
import type { MessageEncoder } from '../../platform/message-encoder.ts'
import { partitionOf } from '../../platform/partitioner.ts'
import type { Entry } from './ledger.ts'

const DAY_MS = 86_400_000
const GARBAGE_BYTES_MAX = 200

/** How often each oddity befalls a message, beside those that the traffic has of itself. */
const CHANCE = {
  again: 0.02,
  unkeyed: 0.01,
  update: 0.03,
  yesterday: 0.02,
  farApart: 0.001,
  otherPayment: 0.005,
  garbage: 0.005,
  json: 0.1,
  avro: 0.05,
}

/**
 * Where messages go astray: to any partition, to the first alone, or nowhere. Partitions without strays are written side
 * by side, those with strays alone: both must meet.
 */
const PHASES = ['anywhere', 'to the first', 'nowhere'] as const
const MIXES_A_PHASE = 80
// The default of UPI_TOPIC_PARTITIONS.
const PARTITIONS = 3

/** Makes what a careless world would send of the traffic: again, elsewhere, out of order, on another day, or not at all. */
export class Mixer {
  readonly #random: Random
  readonly #encoders: { readonly json: MessageEncoder; readonly avro: MessageEncoder }
  #keys = 0
  #mixes = 0

  constructor(seed: string, encoders: { json: MessageEncoder; avro: MessageEncoder }) {
    this.#random = new Random('chaos mix', seed)
    this.#encoders = encoders
  }

  /** What is sent for these messages, in the order of sending. */
  mix(messages: readonly TrafficMessage[]): Entry[] {
    this.#mixes += 1
    const entries = messages.flatMap((message) => this.#spread(message))
    return this.#random.chance(0.1) ? this.#shuffle(entries) : entries
  }

  /** Values that are no messages. */
  garbage(count: number): Entry[] {
    return Array.from({ length: count }, () => {
      const value = randomFillSync(Buffer.alloc(this.#random.below(GARBAGE_BYTES_MAX)))
      return { message: { key: null, value } }
    })
  }

  /** The same messages in another order, and some of them in another partition. */
  replay(entries: readonly Entry[]): Entry[] {
    return this.#shuffle(entries).map((entry) =>
      this.#random.chance(0.3) ? this.#elsewhere(entry) : entry,
    )
  }

  #shuffle(entries: readonly Entry[]): Entry[] {
    const shuffled = [...entries]
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.#random.below(last + 1)
      ;[shuffled[last], shuffled[other]] = [shuffled[other] as Entry, shuffled[last] as Entry]
    }
    return shuffled
  }

  #spread(traffic: TrafficMessage): Entry[] {
    const random = this.#random
    const entry = this.#entryOf(traffic)
    const entries = [random.chance(CHANCE.unkeyed) ? this.#elsewhere(entry) : entry]
    if (random.chance(CHANCE.again)) entries.push(this.#elsewhere(entry))
    if (random.chance(CHANCE.garbage)) entries.push(...this.garbage(1))
    const { message } = traffic
    if (message === null || traffic.fault !== null) return entries
    if (random.chance(CHANCE.update)) {
      entries.push(this.#elsewhere(this.#plain({ ...message, status: random.pick(STATUSES) })))
    }
    if (random.chance(CHANCE.yesterday)) {
      const update = this.#plain(daysBefore(message, 1))
      entries.push(random.chance(0.5) ? this.#elsewhere(update) : update)
    }
    if (random.chance(CHANCE.farApart)) entries.push(this.#plain(daysBefore(message, 3)))
    if (random.chance(CHANCE.otherPayment)) {
      entries.unshift(this.#elsewhere(this.#plain({ ...message, payer: `x.${message.payer}` })))
    }
    return entries
  }

  #entryOf({ key, message, value, fault }: TrafficMessage): Entry {
    if (message !== null) return { ...this.#plain(message), ...this.#framed(message, key) }
    const bytes = value instanceof Uint8Array ? Buffer.from(value) : value
    if (fault?.kind === 'malformed') return { message: { key, value: bytes } }
    return {
      message: { key, value: bytes },
      accepted: { txnId: key as string, paise: paiseIn(value) },
    }
  }

  #framed(message: UpiMessage, key: string | null): Pick<Entry, 'message'> | undefined {
    const drawn = this.#random.uniform()
    if (drawn < CHANCE.json) return { message: { key, value: this.#encoders.json(message) } }
    if (drawn > 1 - CHANCE.avro) return { message: { key, value: this.#encoders.avro(message) } }
    return undefined
  }

  #plain(message: UpiMessage): Entry {
    return {
      message: { key: message.txn_id, value: JSON.stringify(message) },
      accepted: { txnId: message.txn_id, paise: toPaise(message.amount) },
    }
  }

  // Under another key, or none: in another partition than the rest of its transaction, unless by chance.
  #elsewhere(entry: Entry): Entry {
    const phase = PHASES[Math.floor(this.#mixes / MIXES_A_PHASE) % PHASES.length]
    if (phase === 'nowhere') return entry
    if (phase === 'anywhere' && this.#random.chance(0.5)) return withKey(entry, null)
    let key: string
    do {
      this.#keys += 1
      key = `elsewhere-${this.#keys}`
    } while (phase === 'to the first' && partitionOf(Buffer.from(key), PARTITIONS) !== 0)
    return withKey(entry, key)
  }
}

function withKey(entry: Entry, key: string | null): Entry {
  return { ...entry, message: { ...entry.message, key } }
}

function daysBefore(message: UpiMessage, days: number): UpiMessage {
  const offset = 330 * 60_000
  const local = new Date(Date.parse(message.timestamp) - days * DAY_MS + offset).toISOString()
  return { ...message, timestamp: local.replace('Z', '+05:30') }
}

// An amount that is written as few others do: never through a float.
function paiseIn(value: TrafficMessage['value']): bigint {
  const [, literal] = /"amount":\s*"?([0-9.]+)"?/.exec(String(value)) ?? []
  if (literal === undefined) throw new Error('an accepted message without an amount')
  return toPaise(literal)
}
