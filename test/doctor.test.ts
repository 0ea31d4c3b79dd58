import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Admin, Producer } from 'kafkajs'
import kafkajs from 'kafkajs'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DOCTOR_ANSWER_MS_MAX } from '../core/limits.ts'
import { need } from '../platform/config.ts'
import { serveHealth } from '../platform/health-server.ts'
import { createKafka } from '../platform/kafka.ts'
import { createLogger } from '../platform/telemetry.ts'
import { doctorFaults, type Finding } from './doctor-faults.ts'
import { aMessage } from './factories.ts'
import { freePort } from './free-port.ts'
import { eventually, runCli, useStack } from './harness.ts'
import { noteRunning } from './running-state.ts'
import { withSilentServer } from './silent-server.ts'

const own = useStack('database', 'topics', 'namespace')
const NOBODY = '127.0.0.1:1'
let database: pg.Pool
let admin: Admin
let producer: Producer

beforeAll(async () => {
  database = own.pool()
  const log = createLogger({ process: 'test', level: 'silent', pretty: false })
  const kafka = createKafka(need(own.configFor(), 'kafkaBrokers'), 'upi-test', log)
  admin = kafka.admin()
  producer = kafka.producer()
  await Promise.all([admin.connect(), producer.connect()])
  await runCli(['schema', 'register'], own.env)
  await runCli(['schedules', 'apply'], own.env)
})
afterAll(() => Promise.all([admin.disconnect(), producer.disconnect()]))

const faults = (env: Record<string, string> = {}) => doctorFaults({ ...own.env, ...env })

test('a platform that is well has nothing to mend, and the versions of its servers are told', async () => {
  expect(await faults()).toEqual([])
  const { stdout } = await runCli(['doctor', '--json'], own.env)
  const told = (JSON.parse(stdout) as Finding[]).filter(({ name }) => name.endsWith(' server'))
  expect(told.map(({ name, text }) => `${name}: ${text}`)).toEqual([
    expect.stringMatching(/^postgres server: Postgres 18\./),
    expect.stringMatching(/^kafka server: Kafka 4\.\d or newer: 1 of cluster /),
    expect.stringMatching(/^registry server: Apicurio 3\.\d+\.\d+ at http/),
    expect.stringMatching(/^temporal server: Temporal \d/),
  ])
})

test('a Kafka that takes connections and says nothing is named, and waited for no longer than need be', async () => {
  await withSilentServer(async (address) => {
    const began = performance.now()
    expect(await faults({ KAFKA_BROKERS: address })).toEqual([
      {
        name: 'kafka server',
        ok: false,
        text: expect.stringContaining(address),
        fix: expect.stringContaining('KAFKA_BROKERS'),
      },
    ])
    expect(performance.now() - began).toBeLessThan(2 * DOCTOR_ANSWER_MS_MAX)
  })
})

// What was done to the settings, and who is found to be away; the others are still looked at.
test.each([
  ['DATABASE_URL', `postgres://upi:x@${NOBODY}/upi`, 'postgres server'],
  ['KAFKA_BROKERS', NOBODY, 'kafka server'],
  ['SCHEMA_REGISTRY_URL', `http://${NOBODY}`, 'registry server'],
  ['TEMPORAL_ADDRESS', NOBODY, 'temporal server'],
])('a wrong %s is found', async (name, value, server) => {
  const found = await faults({ [name]: value })
  expect(found).toEqual([
    {
      name: server,
      ok: false,
      text: expect.stringContaining(NOBODY),
      fix: expect.stringContaining(name),
    },
  ])
})

const reconciled = (
  ago: string,
  state = 'balanced',
) => `insert into ops.reconciliations (run_id, first_day, last_day,
    book, state, checked, unit, wrong, waiting, line, keys, seconds, actor, reconciled_at)
  values ('r', '2026-02-01', '2026-02-01', 'fold', '${state}', 1, 'rows', 1, 0, 'x', '{}', 1, 'test', now() - interval '${ago}')`

// What is done to the database, what undoes it, and what is found.
test.each([
  [
    'a migration that is missing',
    `create table ops.kept as select * from ops.migrations order by name desc limit 1;
     delete from ops.migrations where name in (select name from ops.kept)`,
    'insert into ops.migrations select * from ops.kept; drop table ops.kept',
    'migrations',
    './upi migrate',
  ],
  [
    'a migration of a later version',
    `insert into ops.migrations values ('9999_later', now()::text)`,
    `delete from ops.migrations where name = '9999_later'`,
    'migrations',
    'update this checkout',
  ],
  [
    'a day whose build was refused',
    `insert into ops.days (business_date, failed_at, error) values ('2026-02-01', now(), 'x')`,
    'truncate ops.days cascade',
    'days',
    './upi backfill --from 2026-02-01 --to 2026-02-01 --mode failed',
  ],
  [
    'a day that was not closed',
    `insert into ops.days (business_date) values ((now() at time zone 'Asia/Kolkata')::date - 2)`,
    'truncate ops.days cascade',
    'days',
    './upi aggregate --date',
  ],
  [
    'a book that does not balance',
    reconciled('0', 'broken'),
    'truncate ops.reconciliations',
    'books',
    'docs/runbooks/books-broken.md',
  ],
  [
    'a figure that is old',
    `insert into ops.dirty_keys (model, business_date, reason, marked_at)
       values ('daily_upi_summary', '2026-02-01', 'rows changed', now() - interval '11 minutes')`,
    'truncate ops.dirty_keys',
    'bounds',
    './upi models run',
  ],
  [
    'a rate of messages that break rules',
    `insert into ops.stream_batches (topic, kafka_partition, raw_day, first_offset, next_offset, messages,
       accepted, rejected, inserted, merged, duplicate, conflicting, rules_version)
       values ('elsewhere', 0, '2026-02-01', 0, 100, 100, 80, 20, 80, 0, 0, 0, 'r')`,
    'truncate ops.stream_batches',
    'bounds',
    './upi rejected list --counts',
  ],
  [
    'a reconcile that is late',
    reconciled('27 hours'),
    'truncate ops.reconciliations',
    'bounds',
    './upi reconcile',
  ],
  [
    'a backup that is late',
    `${reconciled('1 hour')};
     create table ops.kept as select * from ops.migrations;
     update ops.migrations set "timestamp" = '2026-01-01T00:00:00.000Z'`,
    `update ops.migrations as m set "timestamp" = k."timestamp" from ops.kept as k where k.name = m.name;
     drop table ops.kept;
     truncate ops.reconciliations`,
    'bounds',
    './upi backup run',
  ],
  [
    'a topic of dead letters that is not filled',
    `insert into rejected_upi_transactions (kafka_timestamp, kafka_offset, kafka_partition, topic, reason_code, reasons)
       select now(), n, 0, 'elsewhere', 'NOT_JSON', '{NOT_JSON}' from generate_series(1, 1001) as n`,
    'truncate rejected_upi_transactions',
    'letters',
    'docs/runbooks/dead-letters-not-relayed.md',
  ],
])('%s is found', async (_, inject, mend, name, fix) => {
  await database.query(inject)
  try {
    expect(await faults()).toEqual([
      { name, ok: false, text: expect.any(String), fix: expect.stringContaining(fix) },
    ])
  } finally {
    await database.query(mend)
  }
})

test('a topic that differs, and a topic that is missing, are found and left as they are', async () => {
  const { topic } = own.configFor()
  const alter = (value: string) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [
            { name: 'retention.ms', value },
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
          ],
        },
      ],
    })
  await alter('86400000')
  const found = await eventually(faults, (all) => all.some(({ name }) => name === 'topics'))
  expect(found).toContainEqual(
    expect.objectContaining({ name: 'topics', fix: expect.stringContaining('retention.ms') }),
  )
  await alter(String(7 * 86_400_000))
  const elsewhere = await faults({ UPI_TOPIC: `${topic}_no` })
  expect(elsewhere).toContainEqual({
    name: 'topics',
    ok: false,
    text: `topic ${topic}_no is missing`,
    fix: './upi topics',
  })
  expect(elsewhere).toContainEqual(
    expect.objectContaining({ name: 'schema', fix: './upi schema register' }),
  )
  expect(await admin.listTopics()).not.toContain(`${topic}_no`)
})

test('a schedule that is paused or missing is found', async () => {
  await runCli(['schedules', 'pause', 'backup', '--reason', 'a test'], own.env)
  expect(await faults()).toEqual([
    {
      name: 'schedules',
      ok: false,
      text: 'backup is paused (a test)',
      fix: './upi schedules resume backup',
    },
  ])
  await runCli(['schedules', 'resume', 'backup'], own.env)
})

test('messages that nobody reads, and an offset that the log does not have, are found', async () => {
  const { topic, consumerGroup } = own.configFor()
  await producer.send({ topic, messages: [{ value: JSON.stringify(aMessage()), partition: 0 }] })
  expect(await faults()).toEqual([
    {
      name: 'partitions',
      ok: false,
      text: 'partition 0 stands still with 1 messages to read',
      fix: expect.stringContaining('./upi logs stream'),
    },
  ])
  await database.query(
    `insert into ops.stream_offsets (consumer_group, topic, kafka_partition, next_offset)
     values ($1, $2, 0, 4711)`,
    [consumerGroup, topic],
  )
  const [lost] = await faults()
  expect(lost).toMatchObject({ name: 'partitions', fix: expect.stringContaining('./upi offsets') })
  await database.query('truncate ops.stream_offsets')
  await database.query(
    `insert into ops.stream_offsets (consumer_group, topic, kafka_partition, next_offset)
     values ($1, $2, 0, 1)`,
    [consumerGroup, topic],
  )
})

test('secrets that others may read are found', async () => {
  const path = join(own.env.UPI_HOME as string, 'secrets.json')
  writeFileSync(path, '{}', { mode: 0o644 })
  chmodSync(path, 0o644)
  expect(await faults()).toEqual([
    {
      name: 'secrets',
      ok: false,
      text: expect.stringContaining('mode 644'),
      fix: `chmod 600 ${path}`,
    },
  ])
  chmodSync(path, 0o600)
})

test('a part that is not ready says why, in its own words', async () => {
  const port = await freePort()
  const reason = 'Postgres is away'
  const health = await serveHealth({ host: '127.0.0.1', port, readiness: () => reason })
  noteRunning(own.env.UPI_HOME as string, [
    { name: 'registry', state: 'restarting', detail: 'ended by SIGKILL' },
    { name: 'stream', kind: 'process', address: `127.0.0.1:${port}` },
    { name: 'worker', kind: 'process', address: NOBODY },
  ])
  const found = await faults()
  await health.close()
  expect(found.map(({ text, fix }) => `${text}; ${fix}`)).toEqual([
    'registry is restarting: ended by SIGKILL; see ./upi logs registry',
    'stream is not ready: Postgres is away; see ./upi logs stream',
    expect.stringMatching(/^worker is silent: 127\.0\.0\.1:1 does not answer/),
  ])
})
