import { type Board, band, under } from '../builder/dashboard.ts'
import { stat, table, timeSeries } from '../builder/kinds.ts'
import type { Panel } from '../builder/panel.ts'
import { rows, series } from '../builder/query.ts'
import { beginOf, crore, dayOf, daysShown, share } from '../builder/sql.ts'
import { oneFound } from '../builder/variable.ts'
import { daysOfMerchant } from './links.ts'
import { SUCCESS_STEPS } from './steps.ts'

// The newest day of the range that has merchants: who is chosen from, without reading all the days.
const NEWEST = `
  (select max(date) from merchant_upi_summary where date <= ${dayOf('$__timeTo()')})`

/** Merchants: who earns, who loses payments, who pays back? */
export function merchants(): Board {
  return {
    uid: 'upi-merchants',
    title: 'Merchants',
    question: 'Who earns, who loses payments, and who pays back?',
    from: 'now-7d',
    refresh: '5m',
    variables: [
      oneFound({
        name: 'merchant',
        label: 'Merchant',
        about:
          'Whose days are shown: of the 500 merchants that earned most on the newest day, or any other in the address.',
        sql: `
select merchant
from merchant_upi_summary
where date = ${NEWEST}
order by amount desc, merchant
limit 500`,
      }),
    ],
    bands: [
      band(12, largest()),
      band(10, failing(), refunding()),
      under('Merchant $merchant', band(4, card())),
      band(8, itsPayments(), itsAmounts(), itsRate()),
      under('What is bought, and how', band(10, categories(), channels())),
    ],
  }
}

const NO_MERCHANTS = 'No merchants in this range'
const MONEY = { unit: 'text', isRight: true } as const
const RATE = {
  unit: 'share',
  decimals: 2,
  steps: SUCCESS_STEPS,
} as const
// As on the other boards: a payment that waits has neither succeeded nor been lost.
const FINAL_RATE = share('success_txns', 'total_txns - pending_txns')
const MERCHANT = { links: [daysOfMerchant], width: 220 } as const

function largest() {
  return table({
    title: 'Merchants that earn most',
    about:
      'The hundred merchants to whom most money was paid in this range; money is exact, in rupees, of successful payments, and a click on a merchant shows its days.',
    unit: 'count',
    empty: NO_MERCHANTS,
    fields: {
      merchant: MERCHANT,
      'success rate': RATE,
      'amount ₹': MONEY,
      'refunds ₹': MONEY,
      'net ₹': MONEY,
      'ticket ₹': MONEY,
    },
    queries: [
      rows(`
select merchant, sum(total_txns)::bigint as "payments",
  ${share('sum(success_txns)', 'sum(total_txns) - sum(pending_txns)')} as "success rate",
  ops.rupees(sum(amount)) as "amount ₹", ops.rupees(sum(refund_amount)) as "refunds ₹",
  ops.rupees(sum(net_amount)) as "net ₹",
  ops.rupees(sum(amount) / nullif(sum(success_txns), 0)) as "ticket ₹", count(*) as "days"
from merchant_upi_summary
where ${daysShown('date')}
group by 1
order by sum(amount) desc, 1
limit 100`),
    ],
  })
}

function failing() {
  return table({
    title: 'Merchants that lose payments',
    about:
      'Merchants with at least 20 payments with a final status on the newest day of this range, those first of whose payments the least succeeded.',
    unit: 'count',
    empty: 'No merchant with 20 payments on that day',
    fields: { merchant: MERCHANT, 'success rate': RATE, 'not paid ₹': MONEY },
    queries: [
      rows(`
select merchant, ${FINAL_RATE} as "success rate", total_txns as "payments",
  failed_txns as "failed", pending_txns as "pending",
  ops.rupees(attempted_amount - amount) as "not paid ₹"
from merchant_upi_summary
where date = ${NEWEST} and total_txns - pending_txns >= 20
order by 2, total_txns desc, merchant
limit 50`),
    ],
  })
}

function refunding() {
  return table({
    title: 'Merchants that pay back',
    about:
      'Merchants that refunded most on the newest day of this range, and what that is of what they were paid.',
    unit: 'count',
    empty: 'Nobody paid back on that day',
    fields: {
      merchant: MERCHANT,
      'refunds ₹': MONEY,
      'amount ₹': MONEY,
      'of amount': { unit: 'share', decimals: 2 },
    },
    queries: [
      rows(`
select merchant, ops.rupees(refund_amount) as "refunds ₹", ops.rupees(amount) as "amount ₹",
  ${share('refund_amount', 'amount')} as "of amount"
from merchant_upi_summary
where date = ${NEWEST} and refund_amount > 0
order by refund_amount desc, merchant
limit 50`),
    ],
  })
}

const NOT_ITS = 'Nothing of this merchant'

function card() {
  return stat({
    title: 'Since the beginning',
    about:
      'What the chosen merchant has been paid in all days that it is known, and the share of all its payments that succeeded.',
    unit: 'count',
    empty: NOT_ITS,
    fields: {
      'success rate': { unit: 'share', decimals: 2, empty: 'no payments' },
      revenue: { unit: 'crore', decimals: 4 },
      'average payment': { unit: 'rupees', decimals: 2, empty: 'none succeeded' },
    },
    queries: [
      rows(`
select total_transactions as "payments", success_rate::float8 as "success rate",
  ${crore('total_revenue')} as "revenue", avg_transaction_amount::float8 as "average payment",
  active_days as "active days", last_transaction_date - first_transaction_date + 1 as "known for days"
from dim_merchants
where merchant_id = '$merchant'`),
    ],
  })
}

const itsDays = (columns: string) =>
  series(`
select ${beginOf('date')} as "time", ${columns}
from merchant_upi_summary
where merchant = '$merchant' and ${daysShown('date')}
order by 1`)

function itsPayments(): Panel {
  return timeSeries({
    title: 'Its payments a day',
    about: 'Payments to the chosen merchant by day and by the status that they have now.',
    unit: 'count',
    empty: NOT_ITS,
    style: 'bars',
    isStacked: true,
    fields: {
      success: { color: 'green' },
      failed: { color: 'red' },
      pending: { color: 'yellow' },
      reversed: { color: 'text' },
    },
    queries: [
      itsDays(
        'success_txns as "success", failed_txns as "failed", pending_txns as "pending", total_txns - success_txns - failed_txns - pending_txns as "reversed"',
      ),
    ],
  })
}

function itsAmounts(): Panel {
  return timeSeries({
    title: 'Its amounts a day',
    about: 'What the chosen merchant was paid each day, what it paid back, and its average ticket.',
    unit: 'rupees',
    decimals: 2,
    empty: NOT_ITS,
    queries: [
      itsDays(
        'amount::float8 as "paid", refund_amount::float8 as "refunds", avg_ticket::float8 as "average ticket"',
      ),
    ],
  })
}

function itsRate(): Panel {
  return timeSeries({
    title: 'Its success rate a day',
    about:
      'Share of the payments to the chosen merchant of a day with a final status that succeeded.',
    unit: 'share',
    decimals: 1,
    empty: NOT_ITS,
    max: 1,
    softMin: 0.8,
    queries: [itsDays(`${FINAL_RATE} as "success rate"`)],
  })
}

function categories() {
  return table({
    title: 'Categories',
    about:
      "Payments to merchants of this range by category, the merchant's MCC, the largest first.",
    unit: 'count',
    empty: 'No categories in this range',
    fields: {
      'success rate': RATE,
      'amount ₹': MONEY,
      'of amount': { unit: 'share', decimals: 2 },
    },
    queries: [
      rows(`
select case mcc when '' then 'unknown' else mcc end as "MCC", sum(total_txns)::bigint as "payments",
  ${share('sum(success_txns)', 'sum(total_txns) - sum(pending_txns)')} as "success rate",
  ops.rupees(sum(amount)) as "amount ₹",
  ${share('sum(amount)', 'sum(sum(amount)) over ()')} as "of amount"
from category_upi_summary
where ${daysShown('date')} and type = 'P2M'
group by mcc
order by sum(amount) desc, 1
limit 100`),
    ],
  })
}

function channels() {
  return timeSeries({
    title: 'Channels',
    about: 'Payments a day, to people and to merchants alike, by the way in which they were begun.',
    unit: 'count',
    empty: 'No categories in this range',
    style: 'bars',
    isStacked: true,
    queries: [
      series(`
select ${beginOf('date')} as "time",
  case channel when '' then 'unknown' else channel end as metric,
  sum(total_txns)::float8 as "payments"
from category_upi_summary
where ${daysShown('date')}
group by date, channel
order by 1, 2`),
    ],
  })
}
