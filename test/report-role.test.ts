import pg from 'pg'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { applyDatabaseAccess } from '../migrations/database-access.ts'
import { endLongReports } from '../platform/report-watch.ts'
import { readDashboards, relationsGranted, relationsRead, statementsOf } from './dashboard-file.ts'
import { eventually, useStack } from './harness.ts'
import { databaseUrl, withClient } from './template.ts'

const own = useStack('database')
let admin: pg.Pool
let transform: pg.Pool
let report: pg.Pool

beforeAll(() => {
  admin = own.pool()
  transform = own.pool('upi_transform')
  report = own.pool('upi_report')
})

describe('the reporting role begins with limits', () => {
  test('of five seconds a statement', async () => {
    const began = performance.now()
    await expect(report.query('select pg_sleep(30)')).rejects.toMatchObject({ code: '57014' })
    expect(performance.now() - began).toBeGreaterThan(4_500)
  }, 20_000)

  test('of ten seconds a transaction', async () => {
    const { rows } = await report.query('show transaction_timeout')
    expect(rows).toEqual([{ transaction_timeout: '10s' }])
    // The same limit, not to wait so long for it.
    const ended = await inSession(async (client) => {
      await client.query(`set transaction_timeout = '60ms'`)
      // In one message: what comes between two has no code for the next.
      await client.query('begin; select pg_sleep(30)')
    })
    expect(ended).toBe('25P04')
  })

  test('that keep it from writing, even where it may', async () => {
    await expect(report.query('select nextval($1)', ['x'])).rejects.toMatchObject({ code: '42P01' })
    await expect(report.query('create temporary table t (a int)')).rejects.toMatchObject({
      code: '25006',
    })
  })
})

describe('the reporting role has limits that it cannot lift', () => {
  test('of disk: what a session sorts may fill 128 MB', async () => {
    await expect(report.query(`set temp_file_limit = -1`)).rejects.toMatchObject({ code: '42501' })
    const sorted = `select n from generate_series(1, 20000000) as n order by n desc offset 20000000`
    await expect(inSession((client) => client.query(sorted))).resolves.toBe('53400')
  }, 20_000)

  test('of connections: dashboards leave most of the server to the stream', async () => {
    const { rows } = await admin.query<{ most: number; all: number }>(
      `select rolconnlimit as most, current_setting('max_connections')::integer as all
         from pg_roles where rolname = 'upi_report'`,
    )
    expect(rows[0]?.most).toBeGreaterThanOrEqual(5)
    expect(rows[0]?.most).toBeLessThanOrEqual((rows[0]?.all ?? 0) / 4)
    for (const attempt of ['connection limit -1', 'createrole', 'superuser']) {
      expect(await codeOf(`alter role upi_report ${attempt}`)).toBe('42501')
    }
  })

  test('of time: the worker ends what has lasted too long, with its limits lifted or not', async () => {
    const ended = inSession((client) =>
      client.query(`set statement_timeout = 0; set transaction_timeout = 0; select pg_sleep(60)`),
    )
    const end = await eventually(
      () => endLongReports(transform, 0.1),
      (count) => count > 0,
    )
    expect(end).toBe(1)
    expect(await ended).toBe('57P01')
    // Nobody else's, and not those that are short or idle.
    await report.query('select 1')
    expect(await endLongReports(transform, 0)).toBe(0)
    expect(await codeOf(`select ops.end_long_reports('0')`)).toBe('42501')
  })
})

test('the next migration puts back what the role has changed of its own defaults', async () => {
  const change = `alter role upi_report in database ${own.name} set`
  const lifted = `${change} statement_timeout = 0; ${change} search_path = nowhere; commit`
  expect(await codeOf(lifted)).toBeUndefined()
  const shown = async () => {
    const client = new pg.Client({ connectionString: own.env.REPORT_DATABASE_URL as string })
    await client.connect()
    const { rows } = await client
      .query(
        `select current_setting('statement_timeout') || ' ' || current_setting('search_path') as both`,
      )
      .finally(() => client.end())
    return rows[0].both
  }
  expect(await shown()).toBe('0 nowhere')
  await withClient(own.env.DATABASE_URL as string, applyDatabaseAccess)
  expect(await shown()).toBe('5s "$user", public')
})

const OF_OTHERS = `from pg_stat_activity where usename <> 'upi_report' limit 1`

describe('the reporting role may not', () => {
  test.each([
    ['end statements of others', `select pg_cancel_backend(pid) ${OF_OTHERS}`],
    ['end sessions of others', `select pg_terminate_backend(pid) ${OF_OTHERS}`],
    ['take on another role', 'set role upi_admin'],
    ['copy to a file', `copy (select 1) to '/tmp/x'`],
    ['run a program', `copy (select 1) to program 'true'`],
    ['make a schema', 'create schema mine'],
    ['make a table', 'create table public.t (a integer)'],
    ['make a table in ops', 'create table ops.t (a integer)'],
    ['make a temporary table', 'create temporary table t (a integer)'],
    ['make a function', `create function public.f() returns integer language sql return 1`],
    ['write messages into the log', `select pg_logical_emit_message(false, 'a', 'b')`],
    ['write a large object', `select lo_from_bytea(0, '\\x00')`],
    ['lock rows', 'select 1 from daily_upi_summary for key share'],
    ['lock a table against writers', 'lock table daily_upi_summary in row share mode'],
    ['lock a view', 'lock table ops.minute_deltas in row share mode'],
    ['read which migrations there are', 'select 1 from ops.migrations'],
    ['read hashes of passwords', 'select 1 from pg_authid'],
    ['read statistics of what it may not read', 'select 1 from pg_statistic'],
    ['change the settings of another role', 'alter role upi_ingest set statement_timeout = 1'],
  ])('%s', async (_, statement) => {
    expect(await codeOf(statement)).toBe('42501')
  })

  test('take any advisory lock: the models wait for theirs', async () => {
    const { rows } = await admin.query<{ name: string; report: boolean; transform: boolean }>(
      `select oid::regprocedure::text as name, has_function_privilege('upi_report', oid, 'execute') as report,
         has_function_privilege('upi_transform', oid, 'execute') as transform
       from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname ~ 'advisory'`,
    )
    expect(rows.length).toBeGreaterThan(15)
    expect(rows.filter((row) => row.report || !row.transform)).toEqual([])
  })

  test('read what others ask', async () => {
    const { rows } = await report.query<{ query: string | null }>(
      `select query from pg_stat_activity where usename <> 'upi_report' and datname is not null`,
    )
    expect(rows.length).toBeGreaterThan(0)
    for (const { query } of rows) expect(query).toBe('<insufficient privilege>')
  })

  test('enter the databases of other servers', async () => {
    const { rows } = await admin.query<{ name: string }>(
      `select datname as name from pg_database
       where datallowconn and datname !~ '^upi_(test|bench)_'
         and has_database_privilege('upi_report', oid, 'connect')`,
    )
    expect(rows).toEqual([{ name: 'upi' }])
    const { username, password } = new URL(own.env.REPORT_DATABASE_URL as string)
    const connectionString = databaseUrl(inject('stack').databaseUrl, 'postgres', {
      username,
      password,
    })
    const client = new pg.Client({ connectionString })
    await expect(client.connect()).rejects.toMatchObject({ code: '42501' })
    await client.end()
  })
})

// Views of the books and marts that are there for whoever asks besides.
const PROMISED = [
  'public.fact_upi_aggregates',
  'public.upi_minute_metrics',
  'public.upi_five_minute_metrics',
  'ops.stream_books',
  'ops.dirty_models',
]

test('the reporting role may read what a dashboard shows or the design promises, and nothing else', () => {
  const statements = readDashboards().flatMap(({ dashboard }) => statementsOf(dashboard))
  const shown = new Set(statements.flatMap(({ sql }) => relationsRead(sql)))
  const granted = relationsGranted('upi_report')
  expect(granted.filter((name) => !shown.has(name)).toSorted()).toEqual(PROMISED.toSorted())
  expect([...shown].filter((name) => !granted.includes(name))).toEqual([])
})

test('the reporting role may call what dashboards call, and nothing else of ours', async () => {
  const { rows } = await admin.query<{ name: string }>(`select proname as name from pg_proc
    where pronamespace in ('ops'::regnamespace, 'public'::regnamespace)
      and has_function_privilege('upi_report', oid, 'execute') order by 1`)
  expect(rows.map(({ name }) => name)).toEqual(['latency_quantile', 'rupees'])
})

/** How Postgres refuses a statement to the role, in a transaction that may write. */
async function codeOf(statement: string): Promise<string | undefined> {
  return await inSession((client) => client.query(`begin read write; ${statement}`))
}

/** Runs work in a session of its own, and says how it failed. */
async function inSession(work: (client: pg.Client) => Promise<unknown>) {
  const client = new pg.Client({ connectionString: own.env.REPORT_DATABASE_URL as string })
  client.on('error', () => {})
  await client.connect()
  try {
    await work(client)
    return undefined
  } catch (fault) {
    return (fault as { code?: string }).code
  } finally {
    await client.end()
  }
}
