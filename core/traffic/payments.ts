import type { UpiMessage } from '../message.ts'
import { drawPaise, rupeesOf } from './amounts.ts'
import { drawDeal } from './deals.ts'
import { IstClock } from './ist-clock.ts'
import { Outages } from './outages.ts'
import { drawPerson, personAt } from './people.ts'
import { Random } from './random.ts'
import { planSteps, refundSteps, type Step } from './status-flow.ts'
import { TxnIds } from './txn-ids.ts'

/**
 * A transaction that begins. Everything else about it follows from the run and these few numbers.
 */
export interface Arrival {
  readonly index: number
  readonly begunAt: number
  /** Made to be broken: it has an id of its own, and never counts as a payment. */
  readonly broken: boolean
  /** What it gives back, if it is a refund. */
  readonly refund: RefundPart | null
}

/** One refund of a payment, of which there may be several. */
export interface RefundPart {
  readonly original: Arrival
  readonly part: number
  readonly paise: number
}

/** A transaction with all the statuses that it takes. */
export interface Payment {
  readonly arrival: Arrival
  readonly paise: number
  /** The message of its first step. */
  readonly message: UpiMessage
  readonly steps: readonly Step[]
  /** With which the payee's PSP would begin the id of a refund. */
  readonly payeePrefix: string
}

/** How many refunds one payment has at the most. */
const REFUND_PARTS_MAX = 4

/**
 * Tells of each arrival what payment it is: a pure function of seed and run, so that it may be
 * asked again later.
 */
export class Payments {
  private readonly ids: TxnIds
  private readonly outages: Outages
  private readonly parties: Random
  private readonly amounts: Random
  private readonly flow: Random
  private readonly refunds: Random
  private readonly begun = new IstClock()
  private readonly completed = new IstClock()

  constructor(seed: string, run: string) {
    this.ids = new TxnIds(run)
    this.outages = new Outages(seed)
    this.parties = new Random(run, 'parties')
    this.amounts = new Random(run, 'amounts')
    this.flow = new Random(run, 'flow')
    this.refunds = new Random(run, 'refund flow')
  }

  /** The payment, or refund, that an arrival is. */
  describe(arrival: Arrival): Payment {
    return arrival.refund === null ? this.pay(arrival) : this.giveBack(arrival, arrival.refund)
  }

  /** The message of one step of a payment. */
  message(payment: Payment, step: number): UpiMessage {
    if (step === 0) return payment.message
    const { status, code, completedAt } = payment.steps[step] as Step
    return {
      ...payment.message,
      status,
      response_code: code,
      completed_at: this.completedText(completedAt),
    }
  }

  /** The message as it would have been before the payment was done. */
  pendingMessage(payment: Payment): UpiMessage {
    return { ...payment.message, status: 'PENDING', response_code: '01', completed_at: null }
  }

  private pay(arrival: Arrival): Payment {
    const { index, begunAt, broken } = arrival
    // Broken ones draw from the other end of each stream, so that they shift no payment.
    const place = broken ? -1 - index : index
    const random = this.parties.at(place)
    const payerNumber = drawPerson(random)
    const payer = personAt(payerNumber)
    const deal = drawDeal(payerNumber, random)
    const rrn = this.rrn(begunAt, random)
    const paise = drawPaise(deal.habit, this.amounts.at(place))
    const situation = {
      begunAt,
      channel: deal.channel,
      payerBank: payer.bank,
      payerOutage: this.outages.at(payer.bank, begunAt),
      payeeOutage: this.outages.at(deal.bank, begunAt),
      saysFailure: payer.handle.saysFailure,
    }
    const steps = planSteps(situation, this.flow.at(place))
    const first = steps[0] as Step
    const message: UpiMessage = {
      txn_id: this.ids.make(payer.handle.prefix, broken ? 'broken' : 'payment', index),
      payer: payer.vpa,
      payee: deal.payee,
      amount: rupeesOf(paise),
      status: first.status,
      timestamp: this.begun.timestamp(begunAt),
      type: deal.type,
      channel: deal.channel,
      mcc: deal.mcc,
      rrn,
      payer_bank: payer.bank.code,
      payee_bank: deal.bank.code,
      response_code: first.code,
      completed_at: this.completedText(first.completedAt),
      original_txn_id: null,
      device: payer.device,
      city: payer.place === null ? null : payer.place.city,
      state: payer.place === null ? null : payer.place.state,
    }
    return { arrival, paise, message, steps, payeePrefix: deal.prefix }
  }

  private giveBack(arrival: Arrival, refund: RefundPart): Payment {
    const { message: paid, payeePrefix } = this.pay(refund.original)
    const number = refund.original.index * REFUND_PARTS_MAX + refund.part
    const random = this.refunds.at(number)
    const rrn = this.rrn(arrival.begunAt, random)
    const steps = refundSteps(arrival.begunAt, random)
    const first = steps[0] as Step
    const message: UpiMessage = {
      txn_id: this.ids.make(payeePrefix, 'refund', number),
      payer: paid.payee,
      payee: paid.payer,
      amount: rupeesOf(refund.paise),
      status: first.status,
      timestamp: this.begun.timestamp(arrival.begunAt),
      type: 'REFUND',
      channel: 'OTHER',
      mcc: paid.mcc ?? null,
      rrn,
      payer_bank: paid.payee_bank ?? null,
      payee_bank: paid.payer_bank ?? null,
      response_code: first.code,
      completed_at: this.completedText(first.completedAt),
      original_txn_id: paid.txn_id,
      device: null,
      city: null,
      state: null,
    }
    return { arrival, paise: refund.paise, message, steps, payeePrefix }
  }

  private rrn(begunAt: number, random: Random): string {
    return this.begun.yearDayHour(begunAt) + String(random.below(1_000_000)).padStart(6, '0')
  }

  private completedText(completedAt: number | null): string | null {
    return completedAt === null ? null : this.completed.timestamp(completedAt)
  }
}
