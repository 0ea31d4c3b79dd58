import { UpiError } from '../errors.ts'
import type { UpiMessage } from '../message.ts'
import { Agenda } from './agenda.ts'
import { type Arrivals, arrivalsAtRate, arrivalsInRange } from './arrivals.ts'
import { drawFault, type Fault, type Planned, planMessages } from './faults.ts'
import type { RawValue } from './malformed.ts'
import { type FaultLabel, MessageWriter } from './message-writer.ts'
import { type Arrival, Payments } from './payments.ts'
import { Random } from './random.ts'
import { planRefunds, type RefundDue } from './refunds.ts'

/** One message in the order of sending. */
export interface TrafficMessage {
  /** When it is sent, in milliseconds since 1970 UTC. */
  readonly at: number
  /** The transaction's id; null for values from which no id can be read. */
  readonly key: string | null
  /** What to send where no framing is asked for: JSON, or what a faulty producer sends. */
  readonly value: RawValue
  /** The message, to be framed by the caller; null if it must be sent as it stands in `value`. */
  readonly message: UpiMessage | null
  /** What is wrong with it, if anything. */
  readonly fault: FaultLabel | null
}

/**
 * What traffic to make: historical with `to`, else live. Times are in milliseconds since 1970 UTC.
 */
export interface TrafficOptions {
  readonly seed: string | number
  /** The first instant at which a transaction may begin. */
  readonly from: number
  /**
   * The instant before which all transactions begin; they are spread by hour and weekday.
   * Undefined: live, at an even rate.
   */
  readonly to?: number | undefined
  /** Transactions a second, on average over the range. */
  readonly ratePerSecond?: number | undefined
  /** Transactions in all, refunds included. Needed for a range unless there is a rate. */
  readonly count?: number | undefined
  /** The share of transactions with which something goes wrong, 0 to 1. */
  readonly faults?: number | undefined
  /**
   * What would be sent after this instant is not sent; so that a range that ends today tells
   * nothing of tomorrow.
   */
  readonly until?: number | undefined
}

/** Traffic: iterate it for all of its messages, or ask for what is due. */
export interface Traffic extends IterableIterator<TrafficMessage> {
  /**
   * The messages that are due at an instant and have not been given out, at most so many. For live
   * traffic, paced by a clock.
   */
  due(now: number, messagesMax: number): TrafficMessage[]
  /** Transactions begun so far, refunds included. */
  readonly transactions: number
}

/**
 * Makes UPI traffic as India makes it. The same options give the same bytes, in whatever portions
 * they are asked for; ids never repeat, neither within a run nor in one with another seed, range,
 * rate or start.
 */
export function createTraffic(options: TrafficOptions): Traffic {
  const plan = readOptions(options)
  const payments = new Payments(plan.seed, plan.run)
  const writer = new MessageWriter(payments, plan.run)
  const faultsDrawn = new Random(plan.run, 'faults')
  const refundsDrawn = new Random(plan.run, 'refunds')
  const agenda = new Agenda<Planned>()
  const refunds = new Agenda<RefundDue>()
  let transactions = 0
  let nextAt = plan.arrivals()

  // A refund that is due takes the place of the next payment, so that the count of transactions
  // holds.
  function begin(instant: number): void {
    const index = transactions++
    const fault = plan.faults === 0 ? null : drawFault(plan.faults, faultsDrawn.at(index))
    const refund = (refunds.first?.at ?? Infinity) <= instant ? refunds.take()?.part : undefined
    const begunAt = refund === undefined ? instant - agedMs(fault) : instant
    const arrival: Arrival = { index, begunAt, broken: false, refund: refund ?? null }
    const payment = payments.describe(arrival)
    for (const planned of planMessages(payment, fault)) {
      const isFar = planned.at - instant > KEEP_PAYMENT_MS
      agenda.add(isFar ? { ...planned, payment: null } : planned)
    }
    if (refund !== undefined) return
    for (const due of planRefunds(payment, refundsDrawn.at(index))) refunds.add(due)
  }

  // Nobody waits for hours before a live run shows something late: there the payment began in the
  // past instead.
  function agedMs(fault: Fault | null): number {
    return plan.isLive && fault !== null && fault.kind === 'late' ? fault.delayMs : 0
  }

  function takeDue(now: number): TrafficMessage | undefined {
    const limit = Math.min(now, plan.until)
    while (nextAt !== undefined && nextAt <= Math.min(limit, agenda.first?.at ?? Infinity)) {
      begin(nextAt)
      nextAt = plan.arrivals()
    }
    const first = agenda.first
    if (first === undefined || first.at > limit) return undefined
    agenda.take()
    return writer.write(first)
  }

  return {
    get transactions() {
      return transactions
    },
    due(now, messagesMax) {
      const messages: TrafficMessage[] = []
      while (messages.length < messagesMax) {
        const message = takeDue(now)
        if (message === undefined) break
        messages.push(message)
      }
      return messages
    },
    next() {
      const value = takeDue(Infinity)
      return value === undefined ? { done: true, value } : { done: false, value }
    },
    [Symbol.iterator]() {
      return this
    },
  }
}

// What is due later than this is described again when it is due: days of unsettled payments cost no
// memory.
const KEEP_PAYMENT_MS = 60_000

interface Plan {
  readonly seed: string
  /** Names the run: it is in every id, and in the name of every stream of random numbers. */
  readonly run: string
  readonly isLive: boolean
  readonly arrivals: Arrivals
  readonly faults: number
  readonly until: number
}

// Faults and `until` are not in the run's name: with them the same payments are made, and some go
// wrong, or are cut off.
function readOptions(options: TrafficOptions): Plan {
  const { from, faults = 0, until = Infinity } = options
  if (!Number.isSafeInteger(from)) throw wrong(`from is ${from}`, 'an instant in milliseconds')
  if (!(faults >= 0 && faults <= 1)) throw wrong(`faults is ${faults}`, 'a share from 0 to 1')
  const seed = String(options.seed)
  const { run, arrivals } =
    options.to === undefined
      ? readLive(seed, options)
      : readRange(seed, { ...options, to: options.to })
  return { seed, run, isLive: options.to === undefined, arrivals, faults, until }
}

function readLive(seed: string, { from, ratePerSecond, count }: TrafficOptions) {
  if (ratePerSecond === undefined || !(ratePerSecond > 0 && ratePerSecond < Infinity)) {
    throw wrong(`the rate is ${ratePerSecond}`, 'a number of transactions a second above 0')
  }
  if (count !== undefined && !isCount(count)) throw wrong(`the count is ${count}`, COUNT_NEEDED)
  const run = [seed, from, 'live', ratePerSecond].join('/')
  const live = { from, ratePerSecond, count: count ?? Infinity }
  return { run, arrivals: arrivalsAtRate(live, new Random(run, 'arrivals')) }
}

function readRange(seed: string, options: TrafficOptions & { to: number }) {
  const { from, to, ratePerSecond } = options
  if (!(Number.isSafeInteger(to) && to > from)) throw wrong('the range is empty', 'a later end')
  if ((options.count === undefined) === (ratePerSecond === undefined)) {
    throw wrong('a range needs a count or a rate', 'one of the two')
  }
  const count = options.count ?? Math.round(((ratePerSecond as number) * (to - from)) / 1000)
  if (!isCount(count)) throw wrong(`the count is ${count}`, COUNT_NEEDED)
  const run = [seed, from, to, count].join('/')
  return { run, arrivals: arrivalsInRange({ from, to, count }, new Random(run, 'arrivals')) }
}

const COUNT_NEEDED = 'a whole number of transactions'

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0
}

function wrong(what: string, need: string): UpiError {
  return new UpiError('OPTION_INVALID', `traffic: ${what}`, { fix: `give ${need}` })
}
