import type { Random } from './random.ts'
import { Weighted } from './weighted.ts'

/** A reason why a payment failed, with how often it is the reason. */
export interface Decline {
  readonly code: string
  /** The code inside its wrapper, as gateways deliver it. */
  readonly wrapped: string
  readonly weight: number
}

type DeclineRow = readonly [code: string, weight: number, text: string]

// Codes and their classes: domain notes 3.5. Weights are our estimate after the failure mix of an
// auditor (section 4): timeouts 35 to 45, PIN 20 to 30, balance 15 to 25, network 10 to 15, blocked
// 5 to 10.
const REMITTER_BUSINESS: readonly DeclineRow[] = [
  ['Z9', 330, 'INSUFFICIENT FUNDS IN CUSTOMER (REMITTER) ACCOUNT'],
  ['ZM', 260, 'INVALID MPIN'],
  ['ZA', 75, 'TRANSACTION DECLINED BY CUSTOMER'],
  ['Z6', 35, 'NUMBER OF PIN TRIES EXCEEDED'],
  ['Z7', 35, 'TRANSACTION FREQUENCY LIMIT EXCEEDED'],
  ['Z8', 30, 'PER TRANSACTION LIMIT EXCEEDED'],
  ['ZU', 25, 'LIMIT EXCEEDED FOR REMITTING BANK'],
  ['U16', 25, 'RISK THRESHOLD EXCEEDED'],
  ['YE', 18, 'REMITTING ACCOUNT BLOCKED OR FROZEN'],
  ['ZX', 14, 'INACTIVE OR DORMANT ACCOUNT (REMITTER)'],
  ['B1', 12, 'REGISTERED MOBILE NUMBER CHANGED'],
  ['U66', 12, 'DEVICE FINGERPRINT MISMATCH'],
  ['XB', 10, 'INVALID TRANSACTION (REMITTER)'],
  ['XH', 8, 'ACCOUNT DOES NOT EXIST (REMITTER)'],
  ['B3', 8, 'TRANSACTION NOT PERMITTED TO THE ACCOUNT'],
  ['59', 6, 'SUSPECTED FRAUD'],
  ['U03', 4, 'NET DEBIT CAP EXCEEDED'],
  ['U02', 3, 'AMOUNT CAP EXCEEDED'],
  ['U01', 3, 'DUPLICATE REQUEST'],
  ['B6', 2, 'MISMATCH IN PAYMENT DETAILS'],
]
const BENEFICIARY_BUSINESS: readonly DeclineRow[] = [
  ['ZH', 24, 'INVALID VIRTUAL ADDRESS'],
  ['XC', 12, 'INVALID TRANSACTION (BENEFICIARY)'],
  ['YF', 10, 'BENEFICIARY ACCOUNT BLOCKED OR FROZEN'],
  ['XI', 8, 'ACCOUNT DOES NOT EXIST (BENEFICIARY)'],
  ['U29', 8, 'ADDRESS RESOLUTION FAILED'],
  ['ZY', 7, 'INACTIVE OR DORMANT ACCOUNT (BENEFICIARY)'],
  ['ZE', 5, 'TRANSACTION NOT PERMITTED TO VPA'],
  ['ZG', 4, 'VPA RESTRICTED BY CUSTOMER'],
  ['U96', 4, 'PAYER AND PAYEE ACCOUNT ARE THE SAME'],
]
const REMITTER_TECHNICAL: readonly DeclineRow[] = [
  ['U67', 42, 'DEBIT TIMEOUT'],
  ['U82', 14, 'READ TIMEOUT ON DEBIT'],
  ['U85', 10, 'CONNECTION TIMEOUT ON DEBIT'],
  ['U09', 9, 'REQAUTH TIMEOUT'],
  ['UP', 9, 'PSP TIMEOUT'],
  ['96', 6, 'UNABLE TO PROCESS'],
  ['U28', 5, 'PSP NOT AVAILABLE'],
  ['U70', 3, 'RECEIVED LATE RESPONSE'],
  ['U17', 2, 'PSP IS NOT REGISTERED'],
]
const BENEFICIARY_TECHNICAL: readonly DeclineRow[] = [
  ['U78', 45, 'BENEFICIARY BANK OFFLINE'],
  ['U88', 25, 'CONNECTION TIMEOUT ON CREDIT'],
  ['U87', 20, 'READ TIMEOUT ON CREDIT'],
  ['UB', 10, 'INTERNAL EXCEPTION AT BENEFICIARY'],
]

const DEBIT_WRAPPER = 'U30|DEBIT HAS BEEN FAILED'
const CREDIT_WRAPPER = 'U31|CREDIT HAS BEEN FAILED'

/** What comes from customers and banks' rules. */
export const BUSINESS_DECLINES = new Weighted(
  [...wrap(DEBIT_WRAPPER, REMITTER_BUSINESS), ...wrap(CREDIT_WRAPPER, BENEFICIARY_BUSINESS)],
  (decline) => decline.weight,
)

/** What comes from machines at the payer's side, when its bank is down or slow. */
export const REMITTER_DECLINES = new Weighted(
  wrap(DEBIT_WRAPPER, REMITTER_TECHNICAL),
  (decline) => decline.weight,
)

/** What comes from machines at the payee's side. */
export const BENEFICIARY_DECLINES = new Weighted(
  wrap(CREDIT_WRAPPER, BENEFICIARY_TECHNICAL),
  (decline) => decline.weight,
)

/**
 * Codes that mean that the answer came too late, or not at all: such a payment lasts as long as
 * NPCI's timer.
 */
export const TIMEOUT_CODES: ReadonlySet<string> = new Set(
  'U09 U67 U70 U82 U85 U87 U88 UP'.split(' '),
)

// How often a gateway hands on the wrapper, and how often the wrapper alone, of which the class
// can't be known.
const WRAPPED_SHARE = 0.15
const BARE_WRAPPER_SHARE = 0.003

/**
 * The response code as a gateway would deliver it: bare, in its wrapper, or seldom the wrapper
 * without it.
 */
export function writeDecline(decline: Decline, random: Random): string {
  const form = random.uniform()
  if (form < BARE_WRAPPER_SHARE) return 'U30'
  return form < WRAPPED_SHARE ? decline.wrapped : decline.code
}

function wrap(wrapper: string, rows: readonly DeclineRow[]): Decline[] {
  return rows.map(([code, weight, text]) => ({
    code,
    weight,
    wrapped: `${wrapper}|${code}|${text}`,
  }))
}
