import type pg from 'pg'
import { Progress } from '../../cli/output.ts'
import { copyIn } from '../../platform/copy-in.ts'
import { ensurePartitions } from '../../platform/queries/partitions.ts'
import { withClient } from '../template.ts'
import type { BenchPlaces } from './bench-places.ts'
import { cpuPerMillion, readCpu } from './cpu.ts'
import type { Measurement } from './measurement.ts'
import { type StoredRows, type StoredTable, storeRows } from './stored-rows.ts'

/** Rows of raw and of clean, text at hand, for as many transactions. */
export interface FloorRows {
  readonly messages: number
  readonly portions: number
  readonly tables: readonly StoredRows[]
}

/** `migrated`: the tables with all their indexes; `keys`: with their primary keys only. */
export type FloorKind = 'migrated' | 'keys'

const ROWS_PER_TRANSACTION = 10_000
const TABLES: readonly StoredTable[] = ['raw_upi_transactions', 'clean_upi_transactions']

/** Takes what a run has stored, in the order of its insertion, as the rows of the floor. */
export async function takeFloorRows(
  url: string,
  { folder, messages }: { folder: string; messages: number },
): Promise<FloorRows> {
  const portions = Math.ceil(messages / ROWS_PER_TRANSACTION)
  const tables: StoredRows[] = []
  for (const table of TABLES) tables.push(await storeRows(url, table, { folder, portions }))
  return { messages, portions, tables }
}

/** Copies the rows into fresh tables on one connection, 10,000 messages a transaction. */
export async function runFloor(
  places: BenchPlaces,
  rows: FloorRows,
  { kind, signal }: { kind: FloorKind; signal: AbortSignal },
): Promise<Measurement> {
  const database = await places.database()
  try {
    await withClient(database.url, (admin) => prepareTables(admin, rows, kind))
    return await withClient(database.ingestUrl, (client) => copyAll(client, places, rows, signal))
  } finally {
    await database.drop()
  }
}

async function copyAll(
  client: pg.Client,
  places: BenchPlaces,
  { messages, portions, tables }: FloorRows,
  signal: AbortSignal,
): Promise<Measurement> {
  const progress = new Progress()
  const cpu = readCpu(places.servers.processes)
  const began = performance.now()
  for (let portion = 0; portion < portions; portion += 1) {
    signal.throwIfAborted()
    await client.query('begin')
    for (const rows of tables) await copyPortion(client, rows, portion)
    await client.query('commit')
    progress.update(`COPY floor: ${portion + 1} of ${portions} transactions`)
  }
  const seconds = (performance.now() - began) / 1000
  progress.done()
  return {
    // Messages, that is rows of raw; the rows of clean come with them.
    perSecond: Math.round(messages / seconds),
    seconds,
    cpu: cpuPerMillion(cpu, readCpu(places.servers.processes), messages),
    peakBytes: null,
  }
}

async function copyPortion(client: pg.Client, rows: StoredRows, portion: number): Promise<void> {
  const statement = `copy ${rows.table} (${rows.columns}) from stdin`
  await copyIn(client, statement, rows.read(portion))
}

async function prepareTables(
  admin: pg.Client,
  { tables }: FloorRows,
  kind: FloorKind,
): Promise<void> {
  for (const { table, days } of tables) {
    await ensurePartitions(admin, table as StoredTable, [...days])
    if (kind === 'keys') await dropOtherIndexes(admin, table)
  }
  await admin.query('checkpoint')
}

async function dropOtherIndexes(admin: pg.Client, table: string): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(
    `select indexrelid::regclass::text as name from pg_index
      where indrelid = $1::regclass and not indisprimary`,
    [table],
  )
  for (const { name } of rows) await admin.query(`drop index ${name}`)
}
