import type pg from 'pg'
import { CLOSE_OVERDUE_SECONDS_MAX, LETTERS_UNRELAYED_MAX } from '../../core/alert-bounds.ts'
import { CLOCK_SKEW_MS_MAX, FACT_STATEMENT_MS_MAX } from '../../core/limits.ts'
import { type Config, need } from '../../platform/config.ts'
import { bookFacts } from '../../platform/facts/book-facts.ts'
import { dayFacts } from '../../platform/facts/day-facts.ts'
import { type Ask, askOver } from '../../platform/facts/fact-reader.ts'
import { letterFacts } from '../../platform/facts/letter-facts.ts'
import { migrationStatus, requireServer } from '../../platform/migrate.ts'
import {
  addressOf,
  createPool,
  postgresFault,
  secureUrl,
  withConnection,
} from '../../platform/postgres.ts'
import { readCloses } from '../../platform/queries/days.ts'
import type { Finding } from '../../platform/stack/index.ts'
import { UNDATED_MODELS } from '../model-kinds.ts'
import { type Fault, look } from './look.ts'
import { passedBounds } from './passed-bounds.ts'
import { LONGEST_SESSIONS, type LongestSession, sessionFaults } from './session-faults.ts'

/** Whether Postgres is there, of this version, on time; what its ledger says, what is past a bound, who hinders others. */
export async function postgresFindings(config: Config): Promise<Finding[]> {
  const url = config.databaseUrl ?? need(config, 'transformDatabaseUrl').transformDatabaseUrl
  const pool = createPool(config, url, {
    max: 2,
    name: 'doctor',
    answerMsMax: FACT_STATEMENT_MS_MAX,
  })
  const ask = askOver(pool)
  try {
    const server = await look('postgres server', () => findServer(pool, url))
    if (server.some(({ ok }) => !ok)) return server
    const schema = await look('migrations', () => migrations(secureUrl(config, url)))
    const clock = await look('clock', () => skew(ask))
    if (schema.some(({ ok }) => !ok)) return [...server, ...clock, ...schema]
    const ledger = await Promise.all([
      look('days', () => days(ask)),
      look('books', () => books(ask)),
      look('bounds', () => passedBounds(config, ask)),
      look('letters', () => letters(ask)),
      look('sessions', () => sessions(ask)),
    ])
    return [...server, ...clock, ...schema, ...ledger.flat()]
  } finally {
    await pool.end()
  }
}

async function findServer(pool: pg.Pool, url: string): Promise<string> {
  try {
    return await withConnection(pool, async (client) => `Postgres ${await requireServer(client)}`)
  } catch (fault) {
    throw postgresFault(fault, addressOf(url))
  }
}

async function migrations(connectionString: string): Promise<string | readonly Fault[]> {
  const status = await migrationStatus({ connectionString })
  const pending = status.filter(({ state }) => state === 'pending')
  const newer = status.filter(({ state }) => state === 'newer')
  if (newer.length > 0) {
    const names = newer.map(({ name }) => name).join(', ')
    return [
      { text: `the database has ${names}, which is newer than this`, fix: 'update this checkout' },
    ]
  }
  if (pending.length === 0) return `${status.length} applied`
  const text = `the database lacks ${pending.map(({ name }) => name).join(', ')}`
  return [{ text, fix: './upi migrate' }]
}

// Ages and latencies are taken between clocks.
async function skew(ask: Ask): Promise<string | readonly Fault[]> {
  const before = Date.now()
  const [row] = await ask<{ ms: number }>(
    'select extract(epoch from clock_timestamp())::double precision * 1000 as ms',
  )
  const after = Date.now()
  const here = (before + after) / 2
  const ms = Math.round((row?.ms ?? here) - here)
  const apart = Math.abs(ms) - (after - before) / 2
  if (apart <= CLOCK_SKEW_MS_MAX) return `with Postgres' within ${Math.abs(ms)} ms`
  const text = `Postgres' clock is ${Math.abs(ms)} ms ${ms > 0 ? 'ahead of' : 'behind'} this machine's`
  return [{ text, fix: 'run a time service, such as chrony, on both machines' }]
}

async function days(ask: Ask): Promise<string | readonly Fault[]> {
  const failed = await ask<{ date: string; error: string }>(`
    select business_date as date, coalesce(error, 'without a reason') as error from ops.days where failed_at is not null
    order by business_date limit 20`)
  const { upi_day_close_overdue_seconds: overdue = [] } = await dayFacts(ask).read()
  const refused = failed.map(({ date, error }) => ({
    text: `the last build of ${date} was refused: ${error}`,
    fix: `docs/runbooks/day-failed.md, then ./upi backfill --from ${date} --to ${date} --mode failed`,
  }))
  const { days: last } = await readCloses(ask)
  const late = (overdue[0]?.[0] ?? 0) > CLOSE_OVERDUE_SECONDS_MAX
  const open = last.filter(({ state }) => late && state === 'open').map(({ date }) => date)
  const unclosed = open.map((date) => ({
    text: `${date} has ended and was not closed`,
    fix: `./upi aggregate --date ${date}`,
  }))
  const faults = [...refused, ...unclosed]
  return faults.length > 0 ? faults : 'none failed, none overdue'
}

async function books(ask: Ask): Promise<string | readonly Fault[]> {
  const { upi_books: all = [] } = await bookFacts(ask, UNDATED_MODELS).read()
  const broken = all.filter(([value, labels = {}]) => value === 1 && labels.state === 'broken')
  if (broken.length === 0) return all.length === 0 ? 'never looked at' : 'none broken'
  return broken.map(([, labels = {}]) => ({
    text: `the book ${labels.book} does not balance`,
    fix: './upi reconcile names the days; docs/runbooks/books-broken.md says what mends this book, and what must not be changed',
  }))
}

async function letters(ask: Ask): Promise<string | readonly Fault[]> {
  const { upi_dead_letters: all = [] } = await letterFacts(ask).read()
  const [waiting = 0] = all.find(([, { state } = {}]) => state === 'unrelayed') ?? []
  if (waiting <= LETTERS_UNRELAYED_MAX) return `${waiting} wait for their topic`
  const text = `${waiting} dead letters or more are not in their topic`
  return [{ text, fix: 'docs/runbooks/dead-letters-not-relayed.md; ./upi topics makes it' }]
}

async function sessions(ask: Ask): Promise<string | readonly Fault[]> {
  const faults = sessionFaults(await ask<LongestSession>(LONGEST_SESSIONS))
  return faults.length > 0 ? faults : 'none at it for long'
}
