import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { MODELS } from '../models/index.ts'
import { type BackupRecord, RECORD, recordText } from '../platform/backup/backup-folder.ts'
import { backupFacts } from '../platform/facts/backup-facts.ts'
import { bookFacts } from '../platform/facts/book-facts.ts'
import { dayFacts } from '../platform/facts/day-facts.ts'
import { type Ask, askOver, type FactReader } from '../platform/facts/fact-reader.ts'
import { FACTS, type FactName } from '../platform/facts/fact-table.ts'
import { letterFacts } from '../platform/facts/letter-facts.ts'
import { modelFacts } from '../platform/facts/model-facts.ts'
import { sessionFacts } from '../platform/facts/session-facts.ts'
import { sizeFacts } from '../platform/facts/size-facts.ts'
import * as workflows from '../workflows/index.ts'
import { freePort } from './free-port.ts'
import { eventually, runCli, startCli, useStack } from './harness.ts'
import { exposedNames } from './metric-names.ts'
import { noteRunning } from './running-state.ts'

const own = useStack('database', 'topics', 'namespace')
let admin: pg.Pool
let ask: Ask

beforeAll(() => {
  admin = own.pool()
  ask = askOver(own.pool('upi_transform'))
})

/** What a source tells of a metric: values by the values of its labels. */
async function told(reader: FactReader, name: FactName): Promise<Record<string, number>> {
  const samples = (await reader.read())[name] ?? []
  return Object.fromEntries(
    samples.map(([value, labels = {}]) => [Object.values(labels).join(' '), value]),
  )
}

test('marks are counted by model, as old as the oldest; clean unlooked at while the stream writes is old too', async () => {
  const reader = modelFacts(ask, ['daily_upi_summary', 'hourly_upi_summary'])
  expect(await told(reader, 'upi_models_discovery_age_seconds')).toEqual({ '': 0 })
  expect(await told(reader, 'upi_model_build_age_seconds')).toEqual({})
  await admin.query(`
    insert into ops.dirty_keys (model, business_date, reason, marked_at) values
      ('daily_upi_summary', '2026-02-01', 'rows changed', now() - interval '1 hour'),
      ('daily_upi_summary', '2026-02-02', 'rows changed', now()),
      ('gone_summary', '2026-02-02', 'rows changed', now());
    insert into ops.model_days (model, business_date, state, fingerprint, built_at) values
      ('hourly_upi_summary', '2026-02-01', 'built', 'f', now() - interval '2 hours'),
      ('hourly_upi_summary', '2026-02-02', 'failed', 'f', now());
    insert into ops.stream_offsets (consumer_group, topic, kafka_partition, next_offset)
      values ('g', 't', 0, 1);
    insert into ops.discovery (source, snapshot, system_identifier, discovered_at)
      values ('clean_upi_transactions', '1:1:', 1, now() - interval '3 hours')`)
  expect(await told(reader, 'upi_models_marks')).toEqual({
    daily_upi_summary: 2,
    hourly_upi_summary: 0,
  })
  const ages = await told(reader, 'upi_models_oldest_mark_age_seconds')
  expect(ages).toEqual({ daily_upi_summary: expect.closeTo(3600, -2), hourly_upi_summary: 0 })
  expect(await told(reader, 'upi_model_build_age_seconds')).toEqual({
    hourly_upi_summary: expect.closeTo(7200, -2),
  })
  expect(await told(reader, 'upi_models_discovery_age_seconds')).toEqual({
    '': expect.closeTo(10_800, -2),
  })
  await admin.query('truncate ops.dirty_keys, ops.model_days, ops.stream_offsets, ops.discovery')
})

test('days that ended and were never closed are open; of the last seven the oldest says how late it is', async () => {
  const reader = dayFacts(ask)
  const all = async () => Object.values(await reader.read()).map((samples) => samples[0]?.[0])
  expect(await all()).toEqual([0, 0, 0])
  const today = `(now() at time zone 'Asia/Kolkata')::date`
  await admin.query(`
    insert into ops.days (business_date, state, closed_at, failed_at, error) values
      (${today} - 1, 'closed', now(), null, null), (${today} - 2, 'revised', now(), now(), 'x');
    insert into ops.model_days (model, business_date, state, fingerprint) values
      ('m', ${today} - 1, 'built', 'f'), ('m', ${today}, 'built', 'f'), ('m', ${today} - 40, 'built', 'f')`)
  expect(await all()).toEqual([1, 0, 1])
  await admin.query(`insert into ops.dirty_keys (business_date, reason)
    values (${today} - 3, 'moved'), (${today} + 1, 'moved')`)
  const [open, overdue] = await all()
  expect(open).toBe(2)
  const { rows } = await admin.query(`select extract(epoch from
    now() - (${today} - 2)::timestamp at time zone 'Asia/Kolkata')::float8 as seconds`)
  expect(overdue).toBeCloseTo(rows[0].seconds, -2)
  await admin.query('truncate ops.days, ops.model_days, ops.dirty_keys')
})

test('a book is broken until all the days of that run were found otherwise', async () => {
  const reader = bookFacts(ask, ['dim_merchants'])
  const find = async (from: string, to: string, state: string, book = 'raw') => {
    await admin.query(
      `insert into ops.reconciliations (run_id, first_day, last_day, book, state, checked, unit,
         wrong, waiting, line, keys, seconds, actor)
       values (gen_random_uuid(), $1, $2, $4, $3, 1, 'messages', 0, 0, 'x', '{}', 0, 'asha')`,
      [from, to, state, book],
    )
    return await told(reader, 'upi_books')
  }
  expect(await told(reader, 'upi_books')).toEqual({})
  expect((await told(reader, 'upi_reconcile_age_seconds'))['']).toBeGreaterThan(0)
  expect(await find('2026-02-01', '2026-02-07', 'broken')).toEqual({
    'raw balanced': 0,
    'raw broken': 1,
    'raw waits': 0,
    'raw pending': 0,
  })
  expect(await find('2026-02-02', '2026-02-08', 'balanced')).toMatchObject({ 'raw broken': 1 })
  expect(await find('2026-02-01', '2026-02-01', 'waits')).toMatchObject({
    'raw broken': 0,
    'raw waits': 1,
  })
  expect(await find('2026-02-01', '2026-02-07', 'broken', 'clean')).toMatchObject({
    'clean broken': 1,
  })
  expect(await find('2026-03-01', '2026-03-01', 'balanced', 'clean')).toMatchObject({
    'clean broken': 0,
  })
  await find('2026-02-01', '2026-02-07', 'balanced', 'fold')
  expect((await told(reader, 'upi_reconcile_age_seconds'))['']).toBeLessThan(60)
  await admin.query('truncate ops.reconciliations')
})

test('dead letters and alerts wait until somebody has looked after them', async () => {
  await admin.query(`
    insert into rejected_upi_transactions (kafka_timestamp, kafka_offset, kafka_partition, topic,
      reason_code, reasons, resolution, resolved_at, relayed_at) values
      (now(), 1, 0, 't', 'NOT_JSON', '{NOT_JSON}', null, null, null),
      (now(), 2, 0, 't', 'NOT_JSON', '{NOT_JSON}', null, null, now()),
      (now(), 3, 0, 't', 'NOT_JSON', '{NOT_JSON}', 'discarded', now(), now());
    insert into upi_alerts (rule, severity, state, entity, event_time, txn_id, acknowledged_at, acknowledged_by) values
      ('velocity', 'critical', 'confirmed', 'k', now(), '1', null, null),
      ('velocity', 'critical', 'withdrawn', 'k', now(), '2', null, null),
      ('velocity', 'warning', 'confirmed', 'k', now(), '3', now(), 'asha')`)
  const reader = letterFacts(ask)
  expect(await told(reader, 'upi_dead_letters')).toEqual({ open: 2, unrelayed: 1 })
  expect(await told(reader, 'upi_alerts_open')).toEqual({ critical: 1, info: 0, warning: 0 })
})

test('sessions are told by role and state, and who reads them sees no statement', async () => {
  const reader = sessionFacts(ask)
  const report = await own.pool('upi_report').connect()
  try {
    const [{ pid }] = (await report.query('select pg_backend_pid() as pid')).rows
    const sleeping = report.query('select pg_sleep(60)').catch(({ code }) => code)
    const seen = await eventually(
      () => told(reader, 'upi_postgres_longest_query_seconds'),
      ({ upi_report: seconds = 0 }) => seconds > 0.1,
    )
    expect(seen.upi_transform).toBe(0)
    const transactions = await told(reader, 'upi_postgres_longest_transaction_seconds')
    expect(transactions.upi_report).toBeGreaterThan(0)
    expect((await told(reader, 'upi_postgres_connections')).active).toBeGreaterThan(0)
    const columns = await ask<object>('select * from ops.count_sessions()')
    expect(JSON.stringify(columns)).not.toContain('sleep')
    await admin.query('select pg_cancel_backend($1)', [pid])
    expect(await sleeping).toBe('57014')
  } finally {
    report.release()
  }
})

test('tables are told with all their days together', async () => {
  await own
    .pool('upi_ingest')
    .query(`select ops.ensure_partitions('raw_upi_transactions', '2026-02-01', '2026-02-02')`)
  const names = Object.keys(await told(sizeFacts(ask), 'upi_postgres_table_bytes'))
  expect(names).toContain('raw_upi_transactions')
  expect(names).toContain('ops.dirty_keys')
  expect(names.filter((name) => /\d/.test(name))).toEqual([])
})

test('the newest whole backup counts; without one the age of the database', async () => {
  const dir = join(own.env.UPI_HOME as string, 'kept')
  const reader = backupFacts(ask, dir)
  expect((await told(reader, 'upi_backup_age_seconds'))['']).toBeGreaterThan(0)
  mkdirSync(join(dir, '2026-02-01'), { recursive: true })
  mkdirSync(join(dir, '2026-02-02'))
  const began_at = new Date(Date.now() - 3_600_000).toISOString()
  const record = { format: 1, name: '2026-02-01', began_at } as BackupRecord
  writeFileSync(join(dir, '2026-02-01', RECORD), recordText(record))
  writeFileSync(join(dir, '2026-02-02', RECORD), '{"half')
  const { '': seconds } = await told(reader, 'upi_backup_age_seconds')
  expect(seconds).toBeCloseTo(3600, -1)
})

test('a worker tells every metric of the table, Node’s and Temporal’s, with bounded labels', async () => {
  await runCli(['schedules', 'apply'], own.env)
  await admin.query(`insert into ops.model_days (model, state, fingerprint)
    values ('dim_merchants', 'built', 'f');
    insert into ops.reconciliations (run_id, first_day, last_day, book, state, checked, unit,
      wrong, waiting, line, keys, seconds, actor)
    values ('r', '2026-02-01', '2026-02-01', 'fold', 'balanced', 1, 'rows', 0, 0, 'x', '{}', 0, 'asha')`)
  noteRunning(own.env.UPI_HOME as string, [
    { name: 'stream', kind: 'process', external: false, restarts: 3, hangs: 2 },
    { name: 'migrate', kind: 'step', external: false, state: 'done' },
  ])
  const port = await freePort()
  const run = startCli(['worker'], { ...own.env, UPI_METRICS_PORT: String(port) })
  try {
    const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const text = await eventually(scrape, (seen) => seen.includes('upi_facts_up{'))
    const types = [...text.matchAll(/^# TYPE (upi_\S+) (\S+)$/gm)]
    expect(Object.fromEntries(types.map(([, name, type]) => [name, type]))).toEqual(
      Object.fromEntries(Object.entries(FACTS).map(([name, { type }]) => [name, type])),
    )
    const names = new Set([...text.matchAll(/^(upi_\w+)(?=[{ ])/gm)].map(([, name]) => name))
    const rare = ['upi_workflow_last_failure_age_seconds']
    const silent = Object.keys(FACTS).filter((name) => !names.has(name))
    // Backups are not set up without a folder of the local stack.
    expect(silent.filter((name) => name !== 'upi_backup_age_seconds')).toEqual(rare)
    expect([...text.matchAll(/^upi_facts_up.* (\d)$/gm)].map(([, up]) => up)).not.toContain('0')
    const labels = (metric: string) =>
      [...text.matchAll(new RegExp(`^${metric}\\{\\w+="(\\w+)"\\}`, 'gm'))]
        .map(([, name]) => name)
        .toSorted()
    const built = MODELS.filter(({ kind }) => kind !== 'view').map(({ name }) => name)
    expect(labels('upi_models_marks')).toEqual(built.toSorted())
    expect(labels('upi_workflows_failed')).toEqual(Object.keys(workflows).toSorted())
    expect([...text.matchAll(/^upi_part_.*$/gm)].map(([line]) => line)).toEqual([
      'upi_part_restarts_total{part="stream"} 3',
      'upi_part_hangs_total{part="stream"} 2',
    ])
    expect(text).toMatch(/^process_resident_memory_bytes /m)
    await runCli(['schedules', 'trigger', 'upi-refresh'], own.env)
    const library = [...exposedNames()].filter((name) => name.startsWith('temporal_'))
    await eventually(scrape, (seen) => library.every((name) => seen.includes(`\n${name}{`)))
  } finally {
    run.kill()
    expect((await run.ended).code).toBe(0)
  }
})
