import { type AmountHabit, PERSON_HABIT } from './amounts.ts'
import type { Bank } from './banks.ts'
import { drawMerchant } from './merchants.ts'
import { accountVpa, drawContact, personAt } from './people.ts'
import type { Random } from './random.ts'
import { Weighted } from './weighted.ts'

/** Whom a payer pays, and how. */
export interface Deal {
  readonly type: 'P2P' | 'P2M'
  readonly channel: string
  readonly payee: string
  readonly bank: Bank
  readonly mcc: string | null
  readonly habit: AmountHabit
  /** With which the payee's PSP begins its ids. */
  readonly prefix: string
}

/** Share of payments that go to merchants (July 2025, domain notes 3.3). */
const P2M_SHARE = 0.64

/** Draws whom a person pays: a merchant, or another person. */
export function drawDeal(payer: number, random: Random): Deal {
  return random.chance(P2M_SHARE) ? payMerchant(random) : payPerson(payer, random)
}

// Collect ended for people in October 2025, and in February 2026 for merchants but for a few
// categories (domain notes 3.3); the split of the others is our estimate.
const MERCHANT_CHANNELS = channels({ QR: 63, INTENT: 31, MANDATE: 4, OTHER: 2 })
const COLLECT_CHANNELS = channels({ INTENT: 50, COLLECT: 30, MANDATE: 20 })
const PERSON_CHANNELS = channels({ OTHER: 62, QR: 33, INTENT: 5 })
const COLLECT_CATEGORIES: ReadonlySet<string> = new Set(['6012', '6211'])

// Transfers to an account number instead of a UPI id.
const ACCOUNT_FORM_SHARE = 0.006

function payMerchant(random: Random): Deal {
  const { vpa, category, acquirer } = drawMerchant(random)
  const { mcc } = category
  const choice = COLLECT_CATEGORIES.has(mcc) ? COLLECT_CHANNELS : MERCHANT_CHANNELS
  return {
    type: 'P2M',
    channel: choice.draw(random).name,
    payee: vpa,
    bank: acquirer.bank,
    mcc,
    habit: category,
    prefix: acquirer.prefix,
  }
}

function payPerson(payer: number, random: Random): Deal {
  const { vpa, bank, handle } = personAt(drawContact(payer, random))
  return {
    type: 'P2P',
    channel: PERSON_CHANNELS.draw(random).name,
    payee: random.chance(ACCOUNT_FORM_SHARE) ? accountVpa(bank, random) : vpa,
    bank,
    mcc: null,
    habit: PERSON_HABIT,
    prefix: handle.prefix,
  }
}

function channels(shares: Record<string, number>): Weighted<{ name: string; share: number }> {
  const rows = Object.entries(shares).map(([name, share]) => ({ name, share }))
  return new Weighted(rows, (row) => row.share)
}
