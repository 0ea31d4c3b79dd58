import { TABLE_SIZES_AGE_MS_MAX } from '../../core/limits.ts'
import { type Ask, askOne, by, type FactReader } from './fact-reader.ts'

/** What the tables take on disk, and how many rows of them are dead. */
export function sizeFacts(ask: Ask): FactReader {
  return {
    fact: 'sizes',
    ageMsMax: TABLE_SIZES_AGE_MS_MAX,
    async read() {
      const { bytes } = await askOne<{ bytes: number }>(ask, DATABASE)
      const tables = await ask<TableRow>(TABLES)
      const name = ({ table }: TableRow) => table
      return {
        upi_postgres_database_bytes: [[bytes]],
        upi_postgres_table_bytes: by(tables, 'table', name, (row) => row.bytes),
        upi_postgres_live_rows: by(tables, 'table', name, (row) => row.live),
        upi_postgres_dead_rows: by(tables, 'table', name, (row) => row.dead),
      }
    },
  }
}

interface TableRow {
  readonly table: string
  readonly bytes: number | null
  readonly live: number
  readonly dead: number
}

const DATABASE = 'select pg_database_size(current_database())::double precision as bytes'

// A day that was detached has no parent, and a name that nobody could list.
const TABLES = `
  select case root.relnamespace::regnamespace::text
      when 'public' then root.relname::text
      when 'partitions' then 'detached days'
      else 'ops.' || root.relname end as table,
    sum(pg_total_relation_size(t.relid))::double precision as bytes,
    sum(t.n_live_tup)::double precision as live, sum(t.n_dead_tup)::double precision as dead
  from pg_stat_user_tables as t
  join pg_class as root on root.oid = coalesce(pg_partition_root(t.relid), t.relid)
  where t.schemaname in ('public', 'ops', 'partitions')
  group by 1 order by 1`
