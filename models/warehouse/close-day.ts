import { sql } from 'kysely'
import { UpiError } from '../../core/errors.ts'
import type { Graph } from '../engine/graph.ts'
import { dayModels, type Stamped, stampAll } from '../engine/plan.ts'
import type { Surroundings } from './build-day.ts'
import { type Trx, underLock } from './connection.ts'

/** All models that are built by day, as they are now: what a closed day holds. */
export function wholeDay(graph: Graph): Stamped[] {
  return stampAll(graph, dayModels(graph.models))
}

interface Closing {
  readonly date: string
  readonly actor: string
  readonly graph: Graph
}

/**
 * Ends a day: what was provisional is final. Only if every mart of it is built as the models are now and nothing has
 * failed, else it says no; under the day's lock, so that no build changes the figures unseen. A closed day stays as it
 * was closed.
 */
export async function closeDay(around: Surroundings, date: string): Promise<boolean> {
  const { db, graph, actor, signal } = around
  return await underLock(db, { subject: `day:${date}`, signal }, async (connection) => {
    const close = (trx: Trx) => closeIfBuilt(trx, { date, actor, graph })
    return (await connection.transaction().execute(close)) === undefined
  })
}

/** The same within a build's transaction, which must end the day. */
export async function markClosed(trx: Trx, closing: Closing): Promise<void> {
  const why = await closeIfBuilt(trx, closing)
  if (why === undefined) return
  const { date } = closing
  throw new UpiError('CHECK_FAILED', `${date} is not closed: ${why}`, {
    fix: `./upi models plan --from ${date} --to ${date} shows what is stale, ./upi aggregate --date ${date} tries again`,
  })
}

/** Gives the reason if it does not. */
async function closeIfBuilt(
  trx: Trx,
  { date, actor, graph }: Closing,
): Promise<string | undefined> {
  const models = wholeDay(graph)
  const { rows } = await sql<{ unfit: string[]; failed: boolean }>`
    with found as (
      select array(
          select model from unnest(${namesOf(models)}::text[], ${printsOf(models)}::text[]) as p (model, fingerprint)
          where not exists (
            select from ops.model_days as m
            where m.model = p.model and m.business_date = ${date}
              and m.state = 'built' and m.fingerprint = p.fingerprint
          )) as unfit,
        exists (select from ops.days where business_date = ${date} and failed_at is not null) as failed
    ), closed as (
      insert into ops.days as d (business_date, state, closed_at, closed_by)
      select ${date}::date, 'closed', now(), ${actor} from found where not failed and unfit = '{}'
      on conflict (business_date) do update set state = 'closed', closed_at = now(), closed_by = excluded.closed_by
        where d.state <> 'closed'
    )
    select unfit, failed from found`.execute(trx)
  const { unfit = [], failed = false } = rows[0] ?? {}
  if (failed) return 'it has failed'
  return unfit.length > 0 ? `${unfit.join(', ')} not built as the models are now` : undefined
}

/** Their names, and beside them their fingerprints, as a statement takes both. */
export function namesOf(models: readonly Stamped[]): string[] {
  return models.map(({ model }) => model.name)
}

/** The fingerprints in the order of the names. */
export function printsOf(models: readonly Stamped[]): string[] {
  return models.map(({ fingerprint }) => fingerprint)
}
