import { heatmap } from '../builder/kinds.ts'
import { series } from '../builder/query.ts'
import { hoursByDay, share } from '../builder/sql.ts'

/** How busy each hour is. */
export function busyHours() {
  return heatmap({
    title: 'Payments by hour',
    about:
      "Payments of the last two weeks by day and hour in India, with NPCI's peak hours marked.",
    unit: 'count',
    empty: 'No hours built yet',
    scheme: 'Greens',
    isTopDown: true,
    range: '14d',
    queries: [series(hoursByDay((filter) => `sum(h.total_txns) ${filter}::float8`))],
  })
}

/** How much of each hour fails. */
export function failedHours() {
  return heatmap({
    title: 'Failed by hour',
    about:
      "Share of the payments of the last two weeks that failed, by day and hour in India, with NPCI's peak hours marked.",
    unit: 'share',
    decimals: 2,
    empty: 'No hours built yet',
    scheme: 'Reds',
    isTopDown: true,
    range: '14d',
    queries: [
      series(
        hoursByDay((filter) =>
          share(`sum(h.failed_txns) ${filter}`, `sum(h.total_txns) ${filter}`),
        ),
      ),
    ],
  })
}
