import { type Kysely, sql } from 'kysely'
import type { ClientBase } from 'pg'
import type { Database } from '../database.ts'

/** Writes down who had something done by hand. */
export async function insertAudit(
  db: Kysely<Database>,
  entry: {
    readonly actor: string
    readonly action: string
    readonly subject: string
    readonly reason?: string | undefined
    /** JSON. */
    readonly details?: string
  },
): Promise<void> {
  await db.insertInto('ops.audit_log').values(entry).execute()
}

/** The same within a transaction, so that it is written down if and only if it is done. */
export async function noteByHand(
  client: ClientBase,
  { actor, action, subject }: { actor: string; action: string; subject: string },
): Promise<void> {
  await client.query('insert into ops.audit_log (actor, action, subject) values ($1, $2, $3)', [
    actor,
    action,
    subject,
  ])
}

/** Writes down a run's beginning unless it is written down already; gives the time of the entry. */
export async function insertAuditOnce(
  db: Kysely<Database>,
  {
    details,
    ...entry
  }: { actor: string; action: string; subject: string; details: { run: string | undefined } },
): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`
    with known as (
      select at from ops.audit_log
       where action = ${entry.action} and subject = ${entry.subject}
         and details->>'run' = ${details.run}
    ), noted as (
      insert into ops.audit_log (actor, action, subject, details)
      select ${entry.actor}, ${entry.action}, ${entry.subject}, ${JSON.stringify(details)}::jsonb
       where not exists (select from known)
      returning at)
    select at from known union all select at from noted`.execute(db)
  return rows[0]?.at as Date
}

/** A step of a run, as it is found again: by the run and the day that it is about. */
interface StepOfRun {
  readonly action: string
  readonly subject: string
  readonly run: string
  readonly date: string
}

/** Writes down what a step of a run has done, in the transaction that does it. */
export async function noteStep(
  client: ClientBase,
  { actor, action, subject, run, date, details }: StepOfRun & { actor: string; details: object },
): Promise<void> {
  await client.query(
    'insert into ops.audit_log (actor, action, subject, details) values ($1, $2, $3, $4)',
    [actor, action, subject, JSON.stringify({ ...details, run, date })],
  )
}

/** What the steps of a run have done on a day. */
export async function findSteps<Details>(
  client: ClientBase,
  { action, subject, run, date }: StepOfRun,
): Promise<Details[]> {
  const { rows } = await client.query<{ details: Details }>(
    `select details from ops.audit_log
      where action = $1 and subject = $2 and details->>'run' = $3 and details->>'date' = $4
      order by audit_id`,
    [action, subject, run, date],
  )
  return rows.map(({ details }) => details)
}

/** How many rows steps have taken away from transactions, by the notes of all steps of a kind. */
export async function findAbsorbed(
  client: ClientBase,
  { action, txnIds }: { action: string; txnIds: readonly string[] },
): Promise<Record<string, number>> {
  const { rows } = await client.query<{ key: string; rows: number }>(
    `select key, sum(value::integer)::integer as rows
       from ops.audit_log as noted, jsonb_each_text(noted.details->'absorbed')
      where action = $1 and details->'absorbed' <> '{}' and key = any($2::text[]) group by key`,
    [action, txnIds],
  )
  return Object.fromEntries(rows.map((row) => [row.key, row.rows]))
}
