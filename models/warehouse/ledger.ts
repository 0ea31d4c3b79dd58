import { sql } from 'kysely'
import type { Db, Trx } from './connection.ts'

/** What one build of one model has done; a row of the ledger. */
export interface ModelRun {
  readonly model: string
  /** The day; null for a model that has none. */
  readonly date: string | null
  readonly fingerprint: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  readonly seconds: number
}

/** A build that was refused, by a check or by Postgres, and left the rows as they were. */
export interface ModelFailure {
  readonly model: string
  readonly date: string | null
  readonly fingerprint: string
  readonly error: string
  readonly badRows: readonly unknown[]
  /** What the attempt took. */
  readonly seconds: number
}

/** Who has something built, and why. */
export interface Cause {
  readonly actor: string
  readonly reason: string
}

/** Writes what was built to the ledger, in the transaction that built it. */
export async function recordRuns(trx: Trx, runs: readonly ModelRun[], cause: Cause): Promise<void> {
  await record(trx, 'built', runs, cause)
}

/** Writes what was refused, after its transaction is gone; the rows are as they were before it. */
export async function recordFailures(
  db: Db,
  failures: readonly ModelFailure[],
  cause: Cause,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await record(trx, 'failed', failures, cause)
    for (const { date, model, error } of failures) {
      if (date === null) continue
      await sql`insert into ops.days as d (business_date, failed_at, error)
        values (${date}, clock_timestamp(), ${`${model}: ${error}`})
        on conflict (business_date) do update
          set failed_at = excluded.failed_at, error = excluded.error`.execute(trx)
    }
  })
}

// A model may have broken several promises, each of them a run that failed.
async function record(
  trx: Trx,
  state: 'built' | 'failed',
  rows: readonly (ModelRun | ModelFailure)[],
  { actor, reason }: Cause,
): Promise<void> {
  await sql`with rows as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (model text, date date, fingerprint text,
        inserted bigint, updated bigint, deleted bigint, unchanged bigint, seconds numeric, error text, "badRows" jsonb)
    ), noted as (
      insert into ops.model_runs (model, business_date, fingerprint, state, error, bad_rows, rows_inserted,
        rows_updated, rows_deleted, rows_unchanged, seconds, actor, reason)
      select model, date, fingerprint, ${state}, error, "badRows", coalesce(inserted, 0),
        coalesce(updated, 0), coalesce(deleted, 0), coalesce(unchanged, 0), seconds, ${actor}, ${reason} from rows
    )
    insert into ops.model_days as m (model, business_date, state, fingerprint)
    select distinct model, date, ${state}, fingerprint from rows
    on conflict (model, business_date) do update
      set state = excluded.state, fingerprint = excluded.fingerprint, built_at = clock_timestamp()`.execute(
    trx,
  )
}

/** Takes the marks that this transaction sees; those that come meanwhile stay. */
export async function takeMarks(
  trx: Trx,
  models: readonly string[],
  date: string | null,
): Promise<void> {
  const ofDay = date === null ? sql`true` : sql`business_date = ${date}`
  await sql`delete from ops.dirty_keys where model = any (${models}) and ${ofDay}`.execute(trx)
}

/** Marks for others what a build has changed under them. */
export async function markBelow(
  trx: Trx,
  models: readonly string[],
  date: string | null,
): Promise<void> {
  await sql`insert into ops.dirty_keys (model, business_date, merchant, reason)
    select model, ${date}::date, case when ${date}::date is null then '' end, 'upstream changed'
    from unnest(${models}::text[]) as model`.execute(trx)
}

/** How a day stands, for its build. */
export interface DayState {
  readonly revision: number
  readonly isFailed: boolean
  /** Its rows are in the lake: built from what is left, its figures would be lost. */
  readonly isArchived: boolean
  /** If it is closed, the models that had figures of it. */
  readonly reported: ReadonlySet<string>
}

/** Reads how a day stands. */
export async function readDay(trx: Trx, date: string): Promise<DayState> {
  const { rows } = await sql<{
    closed: boolean
    revision: number
    failed: boolean
    archived: boolean
  }>`
    select state <> 'open' as closed, revision, failed_at is not null as failed, archived_at is not null as archived
    from ops.days where business_date = ${date}`.execute(trx)
  const [day] = rows
  return {
    revision: day?.revision ?? 0,
    isFailed: day?.failed ?? false,
    isArchived: day?.archived ?? false,
    reported: day?.closed === true ? await readReported(trx, date) : new Set(),
  }
}

async function readReported(trx: Trx, date: string): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ model: string }>`
    select model from ops.model_days as m where business_date = ${date} and (
      state = 'built' or exists (
        select from ops.model_runs as r
        where r.model = m.model and r.business_date = m.business_date and r.state = 'built'
      )
    )`.execute(trx)
  return new Set(rows.map(({ model }) => model))
}

/** Says of a closed day that its figures are others than those that were reported. */
export async function markRevised(trx: Trx, date: string, reason: string): Promise<void> {
  await sql`update ops.days set state = 'revised', revision = revision + 1, reason = ${reason}
    where business_date = ${date}`.execute(trx)
}

/** Takes the failure off a day that has been built after all; a model that is gone cannot pass any more. */
export async function clearFailure(
  trx: Trx,
  models: readonly string[],
  date: string,
): Promise<void> {
  await sql`update ops.days set failed_at = null, error = null
    where business_date = ${date} and not exists (
      select from ops.model_days as m
      where m.business_date = ${date} and m.state = 'failed' and m.model = any (${models})
    )`.execute(trx)
}
