import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { ROLE_SETTINGS, SUPERUSER_SETTINGS } from '../migrations/database-access.ts'
import { LOGIN_ROLES, type LoginRole } from '../migrations/roles.ts'
import { useStack } from './harness.ts'
import { databaseUrl } from './template.ts'

const own = useStack('database')
let admin: pg.Pool
let pools: Record<LoginRole, pg.Pool>

const OFFSET = 7
const PAYLOAD = '{"txn_id":"T1","payer":"asha.k@okhdfcbank","status":"SUCCESS"}'

beforeAll(async () => {
  admin = own.pool()
  pools = Object.fromEntries(LOGIN_ROLES.map((role) => [role, own.pool(role)])) as typeof pools
  await pools.upi_ingest.query(`
    select ops.ensure_partitions('raw_upi_transactions', '2026-02-01', '2026-02-01');
    select ops.ensure_partitions('clean_upi_transactions', '2026-02-01', '2026-02-01');
    insert into raw_upi_transactions
      (kafka_timestamp, kafka_offset, kafka_partition, topic, txn_id, business_date, payload) values
      ('2026-02-01 05:00Z', ${OFFSET}, 0, 't', 'T1', '2026-02-01', '${PAYLOAD}'),
      ('2026-02-01 05:01Z', ${OFFSET + 1}, 0, 't', null, null, 'not json');
    insert into rejected_upi_transactions
      (kafka_timestamp, kafka_offset, kafka_partition, topic, reason_code, reasons, payload) values
      ('2026-02-01 05:01Z', ${OFFSET + 1}, 0, 't', 'NOT_JSON', '{NOT_JSON}', 'not json');
    insert into clean_upi_transactions (txn_id, event_time, business_date, payer_key, payee_key,
      amount, status, payer, payer_handle, payee, payee_handle) values
      ('T1', '2026-02-01 05:00Z', '2026-02-01', '\\x00', '\\x01', 1, 'SUCCESS',
       'as***k@okhdfcbank', 'okhdfcbank', 'shop@ybl', 'ybl')`)
})

const RAW_DAY = 'partitions.raw_upi_transactions_20260201'
const CLEAN_DAY = 'partitions.clean_upi_transactions_20260201'
const ALL = LOGIN_ROLES
const ALL_BUT_BACKUP = LOGIN_ROLES.filter((role) => role !== 'upi_backup')
const ALL_BUT_INGEST = LOGIN_ROLES.filter((role) => role !== 'upi_ingest')

const DENIED: readonly (readonly [what: string, roles: readonly LoginRole[], sql: string])[] = [
  ['reading raw payloads', ALL_BUT_INGEST, 'select payload from raw_upi_transactions'],
  ['reading rejected payloads', ALL_BUT_INGEST, 'select payload from rejected_upi_transactions'],
  ['changing what raw holds', ALL, `update raw_upi_transactions set payload = 'x'`],
  ['changing what was rejected', ALL, `update rejected_upi_transactions set payload = 'x'`],
  ['deleting from raw', ALL, 'delete from raw_upi_transactions'],
  ['deleting dead letters', ALL, 'delete from rejected_upi_transactions'],
  ['reading a day of raw past its parent', ALL, `select 1 from ${RAW_DAY}`],
  ['reading a day of clean past its parent', ALL, `select 1 from ${CLEAN_DAY}`],
  ['dropping a day', ALL, `drop table ${CLEAN_DAY}`],
  ['writing clean', ALL_BUT_INGEST, `update clean_upi_transactions set amount = 2`],
  ['deleting from clean', ALL_BUT_INGEST, 'delete from clean_upi_transactions'],
  ['reading clean', ['upi_report'], 'select 1 from clean_upi_transactions'],
  ['reading staging', ['upi_report', 'upi_ingest'], 'select 1 from stg_upi_transactions'],
  ['reading tables of the books', ['upi_report'], 'select 1 from ops.stream_batches'],
  ['reading clean to back it up', ['upi_backup'], 'select 1 from clean_upi_transactions'],
  ['reading files of the server', ALL, `select pg_read_file('postgresql.conf')`],
  ['keeping the log', ALL_BUT_BACKUP, `select pg_create_physical_replication_slot('x')`],
  ['reading API keys', ['upi_report', 'upi_ingest', 'upi_transform'], 'select 1 from ops.api_keys'],
  ['reading the audit log', ['upi_report'], 'select 1 from ops.audit_log'],
  ['changing the audit log', ALL, `update ops.audit_log set actor = 'x'`],
  ['deleting from the audit log', ALL, 'delete from ops.audit_log'],
  ['writing marts', ['upi_ingest', 'upi_api'], 'delete from daily_upi_summary'],
  ['moving offsets', ALL_BUT_INGEST, 'update ops.stream_offsets set next_offset = 0'],
  ['changing the books', ALL, 'update ops.stream_batches set messages = 0'],
  [
    'making partitions',
    ALL_BUT_INGEST,
    `select ops.ensure_partitions('raw_upi_transactions', '{}')`,
  ],
  ['making one unchecked', ALL, `select ops.make_partition('raw_upi_transactions', '2026-01-01')`],
  [
    'revealing',
    ALL.filter((role) => role !== 'upi_api'),
    `select ops.reveal_transaction('', '', '')`,
  ],
  ['noting a reveal that was none', ALL, `select ops.note_reveal('a', 'b', 'c')`],
  ['advisory locks', ['upi_api', 'upi_report'], 'select pg_advisory_lock(1)'],
  ['trying advisory locks', ['upi_api', 'upi_report'], 'select pg_try_advisory_xact_lock(1, 2)'],
  ['temporary tables', ['upi_api'], 'create temporary table t (a integer)'],
  ['tables in public', ['upi_ingest', 'upi_api'], 'create table public.t (a integer)'],
  ['tables in ops', ['upi_ingest', 'upi_transform', 'upi_api'], 'create table ops.t (a integer)'],
  ['large objects', ['upi_ingest', 'upi_transform', 'upi_api'], 'select lo_create(0)'],
  ['locking tables', ['upi_api'], 'lock table daily_upi_summary in share mode'],
]

describe('may not', () => {
  test.each(DENIED)('%s', async (_, roles, statement) => {
    for (const role of roles) {
      await expect([role, await codeOf(pools[role], statement)]).toEqual([role, '42501'])
    }
  })

  test('do what PUBLIC may do elsewhere: a role without grants may not even connect', async () => {
    const username = `upi_test_${randomBytes(4).toString('hex')}`
    await admin.query(`create role ${username} login password 'x'`)
    onTestFinished(() => admin.query(`drop role ${username}`).then(() => {}))
    const connectionString = databaseUrl(inject('stack').databaseUrl, own.name, {
      username,
      password: 'x',
    })
    const client = new pg.Client({ connectionString })
    await expect(client.connect()).rejects.toMatchObject({ code: '42501' })
    await client.end()
  })

  test('execute any function of ours because PUBLIC may', async () => {
    const { rows } = await admin.query(`select p.oid::regprocedure::text as name from pg_proc p
      where pronamespace in ('ops'::regnamespace, 'public'::regnamespace)
        and has_function_privilege('public', p.oid, 'execute')`)
    expect(rows).toEqual([])
  })

  test('bend a function that runs as its owner: its search path is fixed, its owner no superuser', async () => {
    const { rows } = await admin.query(`select proowner::regrole::text as owner, rolsuper,
        array_to_string(proconfig, ';') like 'search_path=pg_catalog, pg_temp%' as fixed
      from pg_proc join pg_roles on pg_roles.oid = proowner
      where prosecdef and pronamespace = 'ops'::regnamespace`)
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows)
      expect(row).toEqual({ owner: 'upi_admin', rolsuper: false, fixed: true })
  })
})

describe('upi_report', () => {
  const READABLE = [
    'fact_upi_aggregates',
    'daily_upi_summary',
    'hourly_upi_summary',
    'merchant_upi_summary',
    'dim_merchants',
    'handle_upi_summary',
    'bank_upi_summary',
    'category_upi_summary',
    'decline_upi_summary',
    'settlement_upi_summary',
    'upi_minute_metrics',
    'upi_five_minute_metrics',
    'upi_alerts',
    'ops.day_status',
    'ops.stream_status',
    'ops.stream_books',
    'ops.rejected_messages',
    'ops.model_builds',
    'ops.dirty_models',
    'ops.decline_meanings',
    'ops.minute_deltas',
    'ops.book_checks',
  ]

  test('reads marts, metrics, alerts and views of ops, and nothing else', async () => {
    const { rows } = await admin.query<{ name: string }>(`
      select case n.nspname when 'ops' then 'ops.' else '' end || relname as name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('public', 'ops', 'partitions') and relkind in ('r', 'p', 'v')
        and has_any_column_privilege('upi_report', c.oid, 'select')`)
    expect(rows.map(({ name }) => name).toSorted()).toEqual(READABLE.toSorted())
    for (const name of READABLE) await pools.upi_report.query(`select * from ${name} limit 1`)
  })

  test('may write nothing, not even after it has left its read-only default', async () => {
    const { rows } = await admin.query(`select c.oid::regclass::text as name from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('public', 'ops', 'partitions') and relkind in ('r', 'p', 'v')
        and has_any_column_privilege('upi_report', c.oid, 'insert, update')
         or n.nspname in ('public', 'ops', 'partitions')
        and has_table_privilege('upi_report', c.oid, 'delete, truncate, maintain')`)
    expect(rows).toEqual([])
    for (const attempt of ['create temporary table t (a int)', 'create table public.t (a int)']) {
      expect(await codeOf(pools.upi_report, attempt)).toBe('42501')
    }
  })
})

describe('each role', () => {
  test.each(LOGIN_ROLES)('%s begins with its limits', async (role) => {
    const settings = { ...ROLE_SETTINGS[role], ...SUPERUSER_SETTINGS[role] }
    for (const [setting, value] of Object.entries(settings)) {
      const { rows } = await pools[role].query(`select current_setting('${setting}') as value`)
      expect([setting, rows[0].value]).toEqual([setting, value === '60s' ? '1min' : value])
    }
  })

  test('may do its work: the stream', async () => {
    await pools.upi_ingest.query(`create temporary table incoming (a integer) on commit drop`)
    await pools.upi_ingest.query(`select pg_advisory_xact_lock(1)`)
    const { rows } =
      await pools.upi_ingest.query(`update raw_upi_transactions set business_date = '2026-02-01'
      where kafka_offset = ${OFFSET} and kafka_timestamp = '2026-02-01 05:00Z' returning txn_id`)
    expect(rows).toEqual([{ txn_id: 'T1' }])
  })

  test('may do its work: the models, which replace their views', async () => {
    await pools.upi_transform.query(`begin; select pg_advisory_xact_lock(1);
      create temporary table built on commit drop as select count(*) from stg_upi_transactions;
      drop view stg_upi_transactions;
      create view stg_upi_transactions as select txn_id from clean_upi_transactions;
      rollback`)
    const { rows } = await pools.upi_transform.query('select merchant from stg_upi_transactions')
    expect(rows).toEqual([{ merchant: 'shop@ybl' }])
  })
})

describe('payloads', () => {
  test('are counted by those who may not read them', async () => {
    const { rows } = await pools.upi_transform.query(
      `select raw_day, messages, rejected, first_offset, last_offset
         from ops.count_raw('2026-02-01', '2026-02-02')`,
    )
    expect(rows).toEqual([
      {
        raw_day: '2026-02-01',
        messages: '2',
        rejected: '1',
        first_offset: `${OFFSET}`,
        last_offset: `${OFFSET + 1}`,
      },
    ])
  })

  test('give the history of a transaction without what they hold', async () => {
    const { rows } = await pools.upi_api.query(`select * from ops.transaction_messages('T1')`)
    expect(rows).toMatchObject([{ kafka_offset: `${OFFSET}`, reported_status: 'SUCCESS' }])
    expect(JSON.stringify(rows)).not.toContain('asha')
  })

  test('are revealed to a name with a reason, and that is on record', async () => {
    const { rows } = await pools.upi_api.query(
      `select payload from ops.reveal_transaction('T1', 'meera', 'ticket 42')`,
    )
    expect(rows).toEqual([{ payload: PAYLOAD }])
    const { rows: dead } = await pools.upi_api.query(
      `select payload from ops.reveal_rejected('t', 0, 0, ${OFFSET + 1}, 'meera', 'ticket 43')`,
    )
    expect(dead).toEqual([{ payload: 'not json' }])
    const { rows: log } = await pools.upi_api.query(
      'select actor, db_user, action, subject, reason from ops.audit_log order by audit_id',
    )
    const by = { actor: 'meera', db_user: 'upi_api', action: 'reveal' }
    expect(log).toEqual([
      { ...by, subject: 'transaction T1', reason: 'ticket 42' },
      { ...by, subject: `rejected t/0/0/${OFFSET + 1}`, reason: 'ticket 43' },
    ])
  })

  test.each([
    ['', 'a reason'],
    ['  ', 'a reason'],
    ['meera', ''],
    [null, 'a reason'],
  ])('stay closed to %j because of %j', async (actor, reason) => {
    const reveal = `select * from ops.reveal_transaction('T1', $1, $2)`
    await expect(pools.upi_api.query(reveal, [actor, reason])).rejects.toMatchObject({
      code: '22023',
    })
  })
})

/** Tries statements in a writing transaction of their own, and says how Postgres refuses. */
async function codeOf(pool: pg.Pool, statements: string): Promise<string | undefined> {
  const client = await pool.connect()
  try {
    await client.query(`begin read write; ${statements}`)
    return undefined
  } catch (fault) {
    return (fault as { code?: string }).code
  } finally {
    await client.query('rollback')
    client.release()
  }
}
