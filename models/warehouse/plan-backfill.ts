import { sql } from 'kysely'
import type { BackfillAsked, BackfillPlan, DayReason } from '../../core/backfill.ts'
import type { Graph } from '../engine/graph.ts'
import { namesOf, printsOf, wholeDay } from './close-day.ts'
import type { Db } from './connection.ts'

/**
 * What a backfill would do, by the ledger. A day is missing if it is over and not closed, or not built as the models
 * are now; a day whose rows are in the lake cannot be built from here and is told.
 */
export async function planBackfill(
  { db, graph }: { readonly db: Db; readonly graph: Graph },
  { from, to, mode, order }: BackfillAsked,
): Promise<BackfillPlan> {
  const days: DayReason[] = []
  const skipped: DayReason[] = []
  let upToDate = 0
  for (const day of await readBooks(db, graph, { from, to })) {
    const reason = reasonFor(day, mode)
    if (!day.isOver) skipped.push({ date: day.date, reason: 'not over yet' })
    else if (reason === undefined) upToDate += 1
    else if (day.isArchived) skipped.push({ date: day.date, reason: `${reason}, but archived` })
    else days.push({ date: day.date, reason })
  }
  return { days: order === 'newest' ? days.toReversed() : days, skipped, upToDate }
}

interface DayBook {
  readonly date: string
  readonly isOver: boolean
  readonly state: 'open' | 'closed' | 'revised'
  readonly isFailed: boolean
  readonly isArchived: boolean
  /** Models that have built it, ever and as they are now. */
  readonly built: number
  readonly current: number
  readonly wanted: number
}

function reasonFor(day: DayBook, mode: BackfillAsked['mode']): string | undefined {
  if (mode === 'all') return 'asked'
  if (day.isFailed) return 'failed before'
  if (mode === 'failed') return undefined
  if (day.built === 0) return 'never built'
  if (day.current < day.wanted) return day.built < day.wanted ? 'not whole' : 'model changed'
  if (day.state === 'revised') return 'revised since it was closed'
  return day.state === 'open' ? 'not closed' : undefined
}

async function readBooks(
  db: Db,
  graph: Graph,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<DayBook[]> {
  const models = wholeDay(graph)
  const { rows } = await sql<DayBook>`
    with models as (
      select * from unnest(${namesOf(models)}::text[], ${printsOf(models)}::text[]) as m (model, fingerprint)
    ), held as (
      select business_date, count(*)::integer as built,
        count(*) filter (where h.state = 'built' and h.fingerprint = m.fingerprint)::integer as current,
        bool_or(h.state = 'failed') as failed
      from ops.model_days as h join models as m using (model)
      where business_date between ${from} and ${to}
      group by business_date
    )
    select day::date as date, day::date < (now() at time zone 'Asia/Kolkata')::date as "isOver",
      coalesce(d.state, 'open') as state, d.failed_at is not null or coalesce(held.failed, false) as "isFailed",
      d.archived_at is not null as "isArchived", coalesce(held.built, 0) as built,
      coalesce(held.current, 0) as current, ${models.length}::integer as wanted
    from generate_series(${from}::date, ${to}::date, interval '1 day') as day
    left join ops.days as d on d.business_date = day::date
    left join held on held.business_date = day::date
    order by day`.execute(db)
  return rows
}
