import type { UpiMessage } from '../message.ts'
import { rupeesOf } from './amounts.ts'
import { encodeJson } from './encode-json.ts'
import type { Payment } from './payments.ts'
import type { Random } from './random.ts'

/** A way to change a message that is accepted all the same. */
export interface Alteration {
  readonly about: string
  /** The value as it is sent. */
  readonly alter: (message: UpiMessage) => string
}

/**
 * Optional fields that are malformed: the message is accepted, and the field becomes null with a
 * warning.
 */
export const WARNINGS: readonly Alteration[] = [
  { about: 'rrn of five digits', alter: (m) => having(m, { rrn: '60321' }) },
  { about: 'rrn a number', alter: (m) => having(m, { rrn: Number(m.rrn) }) },
  { about: 'mcc a word', alter: (m) => having(m, { mcc: 'food' }) },
  { about: 'type unknown', alter: (m) => having(m, { type: 'GIFT' }) },
  { about: 'channel unknown', alter: (m) => having(m, { channel: 'NFC' }) },
  { about: 'completed_at no time', alter: (m) => having(m, { completed_at: 'soon' }) },
  {
    about: 'completed_at before timestamp',
    alter: (m) => having(m, { completed_at: `2001${m.timestamp.slice(4)}` }),
  },
  { about: 'response_code a number', alter: (m) => having(m, { response_code: 0 }) },
  { about: 'device an object', alter: (m) => having(m, { device: { os: m.device } }) },
]

/** Right, and of the same meaning, but not written as others write it. */
export const UNUSUAL_SPELLINGS: readonly Alteration[] = [
  {
    about: 'amount a number',
    alter: (m) => encodeJson(m).replace(`"amount":"${m.amount}"`, `"amount":${m.amount}`),
  },
  { about: 'amount with zeros', alter: (m) => having(m, { amount: `0${m.amount}00` }) },
  { about: 'status in lower case', alter: (m) => having(m, { status: m.status.toLowerCase() }) },
  {
    about: 'timestamp in UTC',
    alter: (m) => having(m, { timestamp: new Date(Date.parse(m.timestamp)).toISOString() }),
  },
  {
    about: 'timestamp in microseconds',
    alter: (m) => having(m, { timestamp: m.timestamp.replace('+', '000+') }),
  },
  {
    about: 'VPAs in capitals and spaces',
    alter: (m) => having(m, { payer: ` ${m.payer} `, payee: m.payee.toUpperCase() }),
  },
  {
    about: 'fields that no one knows',
    alter: (m) => having(m, { app_version: '24.7', geo: { lat: 18.52, lng: 73.86 } }),
  },
  {
    about: 'no null fields, another order',
    alter: (m) =>
      JSON.stringify(
        Object.fromEntries(
          Object.entries(m)
            .filter(([, value]) => value !== null)
            .reverse(),
        ),
      ),
  },
  { about: 'pretty JSON', alter: (m) => JSON.stringify(m, null, 2) },
]

/**
 * The same id with another amount, payer or payee: an identity conflict, which leaves the first
 * untouched.
 */
export function conflictWith(payment: Payment, message: UpiMessage, random: Random): UpiMessage {
  const field = random.pick(['amount', 'payer', 'payee'] as const)
  const other = field === 'amount' ? rupeesOf(payment.paise + 100) : `x.${message[field]}`
  return { ...message, [field]: other }
}

/**
 * A failure that is told after the success: a status conflict, in which the greater status stays.
 */
export function contradict(message: UpiMessage): UpiMessage {
  return { ...message, status: 'FAILED', response_code: 'U31' }
}

function having(message: UpiMessage, fields: Record<string, unknown>): string {
  return JSON.stringify({ ...message, ...fields })
}
