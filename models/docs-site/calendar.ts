import { dayText, instantText } from './formats.ts'
import { type Html, html } from './html.ts'
import type { DayEntry, DayState } from './site-data.ts'

const MONTHS_SHOWN_MAX = 14

const MEANINGS: Readonly<Record<DayState, string>> = {
  built: 'built, provisional',
  closed: 'closed',
  revised: 'revised after closing',
  dirty: 'waits to be built',
  failed: 'failed its checks',
  archived: 'in the lake',
}

/** The days of a model: a line a month, a cell a day. */
export function calendar(days: readonly DayEntry[]): Html {
  if (days.length === 0) return html`<p class="quiet">It holds no day yet.</p>`
  const byMonth = Map.groupBy(days, ({ date }) => date.slice(0, 7))
  const months = [...byMonth.keys()].toSorted().slice(-MONTHS_SHOWN_MAX)
  const older = byMonth.size - months.length
  const numbers = Array.from({ length: 31 }, (_, i) => html`<span>${i + 1}</span>`)
  const lines = months.map((month) => {
    const known = new Map(byMonth.get(month)?.map((day) => [Number(day.date.slice(8)), day]))
    const cells = daysOf(month).map((number) => cell(known.get(number)))
    return html`<div class="month"><b>${monthText(month)}</b>${cells}</div>
`
  })
  return html`<div class="calendar"><div class="month numbers"><b></b>${numbers}</div>
${lines}</div>
${older > 0 && html`<p class="quiet">${older} earlier months are not shown.</p>`}
<p class="legend">${legend(days)}</p>`
}

function cell(day: DayEntry | undefined): Html {
  if (day === undefined) return html`<i></i>`
  const { date, state, builtAt, revision } = day
  const built = builtAt === undefined ? '' : ` · built ${instantText(builtAt)}`
  const revised = revision === 0 ? '' : ` · revision ${revision}`
  const words = `${dayText(date)} · ${MEANINGS[state]}${built}${revised}`
  return html`<i class="${state}" role="img" aria-label="${words}" title="${words}"></i>`
}

function legend(days: readonly DayEntry[]): Html[] {
  const counts = Map.groupBy(days, ({ state }) => state)
  return (Object.keys(MEANINGS) as DayState[]).flatMap((state) => {
    const count = counts.get(state)?.length ?? 0
    if (count === 0) return []
    return html`<span><i class="${state}"></i>${count} ${MEANINGS[state]}</span>`
  })
}

function daysOf(month: string): number[] {
  const [year, number] = month.split('-').map(Number) as [number, number]
  return Array.from({ length: new Date(Date.UTC(year, number, 0)).getUTCDate() }, (_, i) => i + 1)
}

function monthText(month: string): string {
  return dayText(`${month}-01`).replace(/^\S+ /, '')
}
