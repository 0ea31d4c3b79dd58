import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientBase } from 'pg'
import { withClient } from '../template.ts'
import { copyOut } from './copy-out.ts'

/** Rows of one table as COPY text in a file, cut into portions. */
export interface StoredRows {
  readonly table: string
  readonly columns: string
  readonly days: readonly string[]
  /** The text of one portion. */
  read(portion: number): Buffer
}

const TABLES = {
  raw_upi_transactions: `(kafka_timestamp at time zone 'UTC')::date`,
  clean_upi_transactions: 'business_date',
} as const

export type StoredTable = keyof typeof TABLES

/** Writes a table's rows to a file, in the order in which they were inserted, to be copied back in so many portions. */
export async function storeRows(
  url: string,
  table: StoredTable,
  { folder, portions }: { folder: string; portions: number },
): Promise<StoredRows> {
  return await withClient(url, async (client) => {
    await client.query('set max_parallel_workers_per_gather = 0; set synchronize_seqscans = off')
    const { rows: found } = await client.query<{ columns: string }>(
      `select string_agg(quote_ident(attname), ', ' order by attnum) as columns
         from pg_attribute
        where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [table],
    )
    const columns = found[0]?.columns ?? ''
    const { rows: dayRows } = await client.query<{ day: string }>(
      `select distinct (${TABLES[table]})::text as day from ${table}`,
    )
    const path = join(folder, table)
    const ends = await writeRows(client, `copy (select ${columns} from ${table}) to stdout`, path)
    return {
      table,
      columns,
      days: dayRows.map(({ day }) => day),
      ...openRows(path, ends, portions),
    }
  })
}

const WRITTEN_AT_ONCE_BYTES = 1 << 20

/** Writes the rows of a COPY to a file; gives the place after each of them. */
async function writeRows(client: ClientBase, statement: string, path: string): Promise<number[]> {
  const file = openSync(path, 'w')
  const ends: number[] = []
  const buffer = Buffer.allocUnsafe(WRITTEN_AT_ONCE_BYTES)
  let buffered = 0
  let written = 0
  const flush = () => {
    writeSync(file, buffer, 0, buffered)
    buffered = 0
  }
  await copyOut(client, statement, (row) => {
    if (buffered + row.length > buffer.length) flush()
    if (row.length > buffer.length) writeSync(file, row)
    else buffered += row.copy(buffer, buffered)
    written += row.length
    ends.push(written)
  })
  flush()
  closeSync(file)
  return ends
}

function openRows(path: string, ends: readonly number[], portions: number) {
  const file = openSync(path, 'r')
  const rowAt = (portion: number) => Math.round((ends.length * portion) / portions)
  const placeOf = (row: number) => (row === 0 ? 0 : (ends[row - 1] as number))
  return {
    read(portion: number) {
      const [from, to] = [placeOf(rowAt(portion)), placeOf(rowAt(portion + 1))]
      const text = Buffer.allocUnsafe(to - from)
      readSync(file, text, 0, text.length, from)
      return text
    },
  }
}
