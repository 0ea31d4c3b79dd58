import type { RejectCode } from '../errors.ts'
import type { UpiMessage } from '../message.ts'
import {
  type Alteration,
  conflictWith,
  contradict,
  UNUSUAL_SPELLINGS,
  WARNINGS,
} from './alterations.ts'
import { encodeJson } from './encode-json.ts'
import type { FaultKind, Planned } from './faults.ts'
import { MALFORMATIONS, type RawValue, UNREADABLE } from './malformed.ts'
import type { Payment, Payments } from './payments.ts'
import { Random } from './random.ts'

/** What was done to a message on purpose. */
export interface FaultLabel {
  readonly kind: FaultKind
  /** The first rule that it breaks; null if it must be accepted without a warning. */
  readonly code: RejectCode | null
  readonly about: string
}

/** Writes what is planned as it goes out. */
export class MessageWriter {
  private readonly payments: Payments
  private readonly random: Random

  constructor(payments: Payments, run: string) {
    this.payments = payments
    this.random = new Random(run, 'alterations')
  }

  /** The message of a plan, altered as its fault says. */
  write(planned: Planned): WrittenMessage {
    const payment = planned.payment ?? this.payments.describe(planned.arrival)
    const { at, step, fault } = planned
    const message =
      step < 0 ? this.payments.pendingMessage(payment) : this.payments.message(payment, step)
    if (fault === null) return new WrittenMessage(at, wellFormed(message), null)
    return this.writeFault({ at, payment, message, fault })
  }

  private writeFault(faulty: Faulty): WrittenMessage {
    const { at, payment, message, fault } = faulty
    const random = this.random.at(payment.arrival.index)
    switch (fault) {
      case 'malformed': {
        const { code, about, spoil } = random.pick(MALFORMATIONS)
        const key = UNREADABLE.has(code) ? null : message.txn_id
        const body = { key, message: null, raw: spoil(message) }
        return new WrittenMessage(at, body, { kind: fault, code, about })
      }
      case 'warned':
        return alter(faulty, random.pick(WARNINGS), 'FIELD_VALUE')
      case 'unusual':
        return alter(faulty, random.pick(UNUSUAL_SPELLINGS), null)
      case 'conflicting':
        return label(faulty, conflictWith(payment, message, random), 'identity conflict')
      case 'contradicting':
        return label(faulty, contradict(message), 'status conflict')
      default:
        return label(faulty, message, fault)
    }
  }
}

/**
 * A message that makes its JSON only when it is asked for, since callers that frame it never ask.
 */
export class WrittenMessage {
  readonly at: number
  readonly key: string | null
  readonly message: UpiMessage | null
  readonly fault: FaultLabel | null
  private readonly raw: RawValue

  constructor(at: number, body: Body, fault: FaultLabel | null) {
    this.at = at
    this.key = body.key
    this.message = body.message
    this.raw = body.raw
    this.fault = fault
  }

  get value(): RawValue {
    return this.message === null ? this.raw : encodeJson(this.message)
  }
}

interface Body {
  readonly key: string | null
  /** Null for what must be sent as it stands in `raw`. */
  readonly message: UpiMessage | null
  readonly raw: RawValue
}

interface Faulty {
  readonly at: number
  readonly payment: Payment
  readonly message: UpiMessage
  readonly fault: FaultKind
}

function wellFormed(message: UpiMessage): Body {
  return { key: message.txn_id, message, raw: null }
}

function alter(faulty: Faulty, { about, alter }: Alteration, code: RejectCode | null) {
  const { at, message, fault } = faulty
  const body = { key: message.txn_id, message: null, raw: alter(message) }
  return new WrittenMessage(at, body, { kind: fault, code, about })
}

function label({ at, fault }: Faulty, message: UpiMessage, about: string): WrittenMessage {
  return new WrittenMessage(at, wellFormed(message), { kind: fault, code: null, about })
}
