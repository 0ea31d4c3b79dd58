import { type Board, band, under } from '../builder/dashboard.ts'
import { table, timeSeries } from '../builder/kinds.ts'
import type { Panel } from '../builder/panel.ts'
import { rows, series } from '../builder/query.ts'
import { beginOf, daysShown, share } from '../builder/sql.ts'
import { anyFound, oneOf } from '../builder/variable.ts'
import { alone, minutesOfHandle } from './links.ts'
import { TD_STEPS } from './steps.ts'

// NPCI publishes one table of banks and one of apps for each side; a handle names the app and not the bank.
const BANK = { name: 'bank', many: 'banks', mart: 'bank_upi_summary' } as const
const HANDLE = { name: 'handle', many: 'handles', mart: 'handle_upi_summary' } as const
type Party = typeof BANK | typeof HANDLE

/** Banks and handles: who fails, and for whose fault? */
export function banks(): Board {
  return {
    uid: 'upi-banks',
    title: 'Banks and handles',
    question: 'Who fails, and for whose fault?',
    from: 'now-7d',
    refresh: '5m',
    variables: [
      oneOf({
        name: 'side',
        label: 'Side',
        about: 'Of who pays, or of who is paid.',
        values: ['payer', 'payee'],
      }),
      choice(BANK),
      choice(HANDLE),
    ],
    bands: [
      band(14, npciTable(BANK), npciTable(HANDLE)),
      under(
        'Banks by day',
        band(
          9,
          byDay(BANK, 'approved', 'approved'),
          byDay(BANK, 'technical declines', 'td'),
          byDay(BANK, 'business declines', 'bd'),
        ),
      ),
      under(
        'Handles by day',
        band(
          9,
          byDay(HANDLE, 'approved', 'approved'),
          byDay(HANDLE, 'technical declines', 'td'),
          byDay(HANDLE, 'business declines', 'bd'),
        ),
      ),
      under(
        'Debits that were turned back',
        band(
          8,
          byDay(BANK, 'debit reversals', 'reversals'),
          byDay(HANDLE, 'debit reversals', 'reversals'),
        ),
      ),
    ],
  }
}

const named = ({ name }: Party) => `coalesce(nullif(${name}, ''), 'unknown')`
const chosen = (party: Party) =>
  `${daysShown('date')} and side = '$side' and ${named(party)} in ($${party.name})`

function choice(party: Party) {
  return anyFound({
    name: party.name,
    label: party.name === 'bank' ? 'Bank' : 'Handle',
    about: `Only these ${party.many}, the busiest first.`,
    column: named(party),
    sql: `
select ${named(party)}
from ${party.mart}
where ${daysShown('date')} and side = '$side'
group by 1
order by sum(txns) desc, 1
limit 500`,
  })
}

function npciTable(party: Party): Panel {
  const { name, many, mart } = party
  const links = name === 'bank' ? [alone(name)] : [alone(name), minutesOfHandle]
  return table({
    title: name === 'bank' ? 'Banks' : 'Handles',
    about: `The ${many} of the chosen side in the shape of NPCI's own tables, the busiest first; a click on a name shows it alone.`,
    unit: 'count',
    empty: `No ${many} in this range`,
    fields: {
      [name]: { links, width: 140 },
      'approved %': {
        unit: 'share',
        decimals: 2,
        steps: ['red', [0.86, 'orange'], [0.92, 'green']],
      },
      'BD %': { unit: 'share', decimals: 2, steps: ['green', [0.08, 'orange'], [0.14, 'red']] },
      'TD %': { unit: 'share', decimals: 2, steps: TD_STEPS },
      'reversals %': { unit: 'share', decimals: 3 },
    },
    queries: [
      rows(`
select ${named(party)} as "${name}", sum(txns)::bigint as "volume",
  ${share('sum(approved)', 'sum(txns)')} as "approved %",
  ${share('sum(bd)', 'sum(txns)')} as "BD %",
  ${share('sum(td)', 'sum(txns)')} as "TD %",
  sum(reversals)::bigint as "debit reversals",
  ${share('sum(reversals)', 'sum(txns)')} as "reversals %"
from ${mart}
where ${chosen(party)}
group by 1
order by 2 desc, 1
limit 200`),
    ],
  })
}

function byDay(party: Party, figure: string, column: string): Panel {
  const { name, many, mart } = party
  return timeSeries({
    title: `${name === 'bank' ? 'Banks' : 'Handles'}: ${figure}`,
    about: `Share of the payments of each day, for the eight busiest of the chosen ${many}: ${figure}.`,
    unit: 'share',
    decimals: 2,
    empty: `No ${many} in this range`,
    ...(column === 'approved' ? { max: 1, softMin: 0.85 } : { min: 0 }),
    queries: [
      series(`
with busiest as (
  select ${name}
  from ${mart}
  where ${chosen(party)}
  group by 1
  order by sum(txns) desc, 1
  limit 8
)
select ${beginOf('date')} as "time", ${named(party)} as metric,
  ${share(column, 'txns')} as "${figure}"
from ${mart}
join busiest using (${name})
where ${chosen(party)}
order by 1, 2`),
    ],
  })
}
