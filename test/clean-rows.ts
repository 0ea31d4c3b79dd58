import { createHash } from 'node:crypto'
import type { Insertable, Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Status } from '../core/status.ts'
import type { Database } from '../platform/database.ts'

type CleanRow = Insertable<Database['clean_upi_transactions']>

/** What a test says of a row of clean: who pays whom how much, when, and how it went. */
export interface CleanFacts {
  readonly txn_id?: string
  readonly at?: string
  readonly payer?: string
  readonly payee?: string
  readonly amount?: string
  readonly status?: Status
  readonly type?: string | null
  readonly channel?: string
  readonly mcc?: string
  readonly payer_bank?: string
  readonly payee_bank?: string
  readonly response_code?: string
  readonly decline_class?: 'TD' | 'BD'
  readonly latency_ms?: number
}

// A class follows from a code.
const CODE_OF = { TD: 'U28', BD: 'Z9' } as const

let made = 0

/** A row of clean: a payment of ₹ 100 to a shop at noon of 1 February 2026 that succeeded. Override what matters. */
function aCleanRow(facts: CleanFacts = {}): CleanRow {
  made += 1
  const { at = '2026-02-01T12:00:00+05:30', payer = 'asha.k@okhdfcbank' } = facts
  const { payee = 'chaishop@ybl', latency_ms, decline_class = null } = facts
  return {
    txn_id: facts.txn_id ?? `T${made}`,
    business_date: sql<string>`(${at}::timestamptz at time zone 'Asia/Kolkata')::date`,
    event_time: at,
    amount: facts.amount ?? '100.00',
    status: facts.status ?? 'SUCCESS',
    type: facts.type === undefined ? 'P2M' : facts.type,
    channel: facts.channel ?? null,
    mcc: facts.mcc ?? null,
    payer_bank: facts.payer_bank ?? null,
    payee_bank: facts.payee_bank ?? null,
    response_code: facts.response_code ?? (decline_class && CODE_OF[decline_class]),
    decline_class,
    latency_ms: latency_ms === undefined ? null : String(latency_ms),
    payer,
    payer_key: keyOf(payer),
    payer_handle: handleOf(payer),
    payee,
    payee_key: keyOf(payee),
    payee_handle: handleOf(payee),
  } as CleanRow
}

/** Puts rows into clean, making the days that they need. */
export async function insertClean(
  db: Kysely<Database>,
  ...rows: readonly CleanFacts[]
): Promise<void> {
  const facts = rows.map(aCleanRow)
  await sql`select ops.ensure_partitions('clean_upi_transactions', array(
    select distinct (at::timestamptz at time zone 'Asia/Kolkata')::date
    from unnest(${facts.map((row) => row.event_time)}::text[]) as at
  ))`.execute(db)
  await db.insertInto('clean_upi_transactions').values(facts).execute()
}

function keyOf(vpa: string): Buffer {
  return createHash('sha256').update(vpa).digest().subarray(0, 16)
}

function handleOf(vpa: string): string {
  return vpa.slice(vpa.indexOf('@') + 1)
}
