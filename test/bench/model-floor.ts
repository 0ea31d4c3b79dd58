import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../../core/errors.ts'
import type { BusinessDate } from '../../core/time.ts'
import { environmentOf } from '../../platform/config.ts'
import { withClient } from '../template.ts'
import type { BenchDatabase } from './bench-places.ts'
import type { TimedCommand } from './time-command.ts'

/** The marts of which the floor has the plain upsert, each after those it reads. */
export const FLOOR_MARTS = [
  'fact_upi_aggregates',
  'daily_upi_summary',
  'merchant_upi_summary',
] as const

const FILES = FLOOR_MARTS.map((mart) => join(import.meta.dirname, 'floor', `${mart}.sql`))
const DAY_OF: Readonly<Record<(typeof FLOOR_MARTS)[number], string>> = {
  fact_upi_aggregates: 'txn_date',
  daily_upi_summary: 'date',
  merchant_upi_summary: 'date',
}

/** Makes empty tables beside the marts, with their types and indexes, for the plain SQL. */
export async function makeFloorTables(url: string): Promise<void> {
  await withClient(url, async (admin) => {
    await admin.query('drop schema if exists floor cascade; create schema floor')
    for (const mart of FLOOR_MARTS) {
      await admin.query(`create table floor.${mart} (like public.${mart} including all);
        alter table floor.${mart} drop column if exists changed_xid`)
    }
    await admin.query(`grant usage on schema floor to upi_transform;
      grant select, insert, update on all tables in schema floor to upi_transform`)
  })
}

/** psql with the plain upserts of one day. */
export function floorOfDay(database: BenchDatabase, day: BusinessDate): TimedCommand {
  return psql(database, [`-vday=${day}`, ...FILES.flatMap((file) => ['-f', file])])
}

/** One psql with the plain upserts of many days. */
export function floorOfDays(
  database: BenchDatabase,
  days: readonly BusinessDate[],
  folder: string,
): TimedCommand {
  const script = join(folder, 'days.sql')
  const upserts = FILES.map((file) => readFileSync(file, 'utf8')).join('\n')
  writeFileSync(script, days.map((day) => `\\set day '${day}'\n${upserts}`).join('\n'))
  return psql(database, ['-f', script])
}

/** Removes a day from the tables of the plain SQL. */
export async function forgetFloorDay(url: string, day: BusinessDate): Promise<void> {
  await withClient(url, async (admin) => {
    for (const mart of FLOOR_MARTS) {
      await admin.query(`delete from floor.${mart} where ${DAY_OF[mart]} = $1`, [day])
      await admin.query(`vacuum floor.${mart}`)
    }
  })
}

/** Whether there is a psql. */
export function hasPsql(): boolean {
  return findPsql() !== undefined
}

/** Requires psql, and says which it is. */
export function psqlVersion(): string {
  const version = findPsql()
  if (version !== undefined) return version
  throw new UpiError('TOOL_MISSING', 'psql, the floor of this bench, is not on PATH', {
    fix: 'install it (Debian: postgresql-client), or leave the floor out with --no-floor',
  })
}

function findPsql(): string | undefined {
  try {
    const said = execFileSync('psql', ['--version'], { encoding: 'utf8' })
    return said.match(/[\d.]+/)?.[0]
  } catch {
    return undefined
  }
}

/** Fails unless the tables of a schema hold exactly what the marts hold, of one day or of all. */
export async function requireEqual(url: string, schema: string, day?: BusinessDate): Promise<void> {
  await withClient(url, async (admin) => {
    for (const mart of FLOOR_MARTS) {
      const { rows } = await admin.query<{ columns: string }>(
        `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
          where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname <> 'changed_xid'`,
        [`public.${mart}`],
      )
      const where = day === undefined ? '' : ` where ${DAY_OF[mart]} = '${day}'`
      const of = (from: string) => `(select ${rows[0]?.columns} from ${from}.${mart}${where})`
      const [ours, theirs] = [of('public'), of(schema)]
      const different = await admin.query<{ rows: string; held: string }>(
        `select (select count(*) from ${ours} as o) as held,
           (select count(*) from (${ours} except all ${theirs}) as o)
           + (select count(*) from (${theirs} except all ${ours}) as t) as rows`,
      )
      const [found] = different.rows
      if (found?.rows === '0' && found.held !== '0') continue
      throw new Error(
        `${mart} and ${schema}.${mart} differ in ${found?.rows} of ${found?.held} rows`,
      )
    }
  })
}

function psql({ transformUrl }: BenchDatabase, args: readonly string[]): TimedCommand {
  return {
    program: 'psql',
    args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...args, transformUrl],
    env: { PATH: environmentOf().PATH ?? '', PGOPTIONS: '-c search_path=floor,public' },
  }
}
