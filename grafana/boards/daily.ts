import { type Board, band, under } from '../builder/dashboard.ts'
import { stat, table } from '../builder/kinds.ts'
import { rows } from '../builder/query.ts'
import { crore, daysShown, share, TODAY } from '../builder/sql.ts'
import {
  amountsBesideLastWeek,
  declinesADay,
  latencyADay,
  NO_DAYS,
  paymentsBesideLastWeek,
  ratesADay,
  settlement,
} from './daily-charts.ts'
import { calendar, calendarOfSuccess, declineCodes, declineCodesADay } from './daily-lists.ts'
import { DAY_STATES } from './day-states.ts'
import { busyHours, failedHours } from './hour-maps.ts'
import { BD_STEPS, SUCCESS_STEPS, TD_STEPS } from './steps.ts'

/** Daily report: what did each day bring, and is it final? */
export function daily(): Board {
  return {
    uid: 'upi-daily',
    title: 'Daily report',
    question: 'What did each day bring, and is it final?',
    from: 'now-30d',
    refresh: '5m',
    bands: [
      band(4, lastDay()),
      band(12, days()),
      band(8, paymentsBesideLastWeek(), amountsBesideLastWeek()),
      band(8, ratesADay(), declinesADay(), latencyADay()),
      under('Why payments were declined', band(10, declineCodes(), declineCodesADay())),
      under('When people pay', band(8, calendar(), calendarOfSuccess())),
      band(11, busyHours(), failedHours()),
      under('What banks settle', band(10, settlement())),
    ],
  }
}

function lastDay() {
  return stat({
    title: 'The last whole day',
    about:
      'The newest day of this range that has ended in India, and by how much it differs from the same day a week before.',
    unit: 'count',
    empty: 'No day of this range has ended and been built',
    decimals: 0,
    fields: {
      'against last week': { unit: 'share', decimals: 1, empty: 'no day to compare' },
      'success rate': { unit: 'share', decimals: 2, empty: 'none final' },
      amount: { unit: 'crore', decimals: 2 },
      'amount against last week': { unit: 'share', decimals: 1, empty: 'no day to compare' },
      'average ticket': { unit: 'rupees', decimals: 2, empty: 'none succeeded' },
      'net of refunds': { unit: 'crore', decimals: 2 },
    },
    queries: [
      rows(`
select d.total_txns as "payments",
  ${share('d.total_txns - w.total_txns', 'w.total_txns')} as "against last week",
  d.terminal_success_rate::float8 as "success rate", ${crore('d.total_amount')} as "amount",
  ${share('d.total_amount - w.total_amount', 'w.total_amount')} as "amount against last week",
  ${crore('d.net_amount')} as "net of refunds", d.avg_ticket::float8 as "average ticket",
  d.unique_payers as "payers", d.unique_payees as "payees"
from daily_upi_summary d
left join daily_upi_summary w on w.date = d.date - 7
where ${daysShown('d.date')} and d.date < ${TODAY}
order by d.date desc
limit 1`),
    ],
  })
}

const RATE = { unit: 'share', decimals: 2, width: 90 } as const
const MONEY = { isRight: true, unit: 'text' } as const

// Half a day beside a whole one would look like a loss.
const whole = (figure: string) => `case when d.date < ${TODAY} then ${figure} end`

function days() {
  return table({
    title: 'Day by day',
    about:
      'The figures of each day, whether they are final, and how a day that has ended differs from the same day a week before; money is exact, in rupees, of successful payments.',
    unit: 'count',
    empty: NO_DAYS,
    fields: {
      day: { width: 100 },
      state: {
        width: 80,
        names: DAY_STATES,
      },
      'on week': RATE,
      'success rate': { ...RATE, steps: SUCCESS_STEPS },
      'TD %': { ...RATE, steps: TD_STEPS },
      'BD %': { ...RATE, steps: BD_STEPS },
      'amount ₹': MONEY,
      'amount on week': RATE,
      'refunds ₹': MONEY,
      'net ₹': MONEY,
      'ticket ₹': MONEY,
    },
    queries: [
      rows(`
select d.date::text as "day",
  case when s.failed then 'failed' else coalesce(s.state, 'open') end as "state",
  d.total_txns as "payments", ${share(`${whole('d.total_txns')} - w.total_txns`, 'w.total_txns')} as "on week",
  d.terminal_success_rate::float8 as "success rate", d.pending_txns as "pending",
  ${share('d.td_txns', 'd.total_txns')} as "TD %", ${share('d.bd_txns', 'd.total_txns')} as "BD %",
  ops.rupees(d.total_amount) as "amount ₹",
  ${share(`${whole('d.total_amount')} - w.total_amount`, 'w.total_amount')} as "amount on week",
  ops.rupees(d.refund_amount) as "refunds ₹", ops.rupees(d.net_amount) as "net ₹",
  ops.rupees(d.avg_ticket) as "ticket ₹",
  d.unique_payers as "payers", s.revision as "revision", s.reason as "why revised"
from daily_upi_summary d
left join daily_upi_summary w on w.date = d.date - 7
left join ops.day_status s on s.date = d.date
where ${daysShown('d.date')}
order by d.date desc
limit 400`),
    ],
  })
}
