import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createTraffic } from '../core/traffic/traffic.ts'
import { loadConfig, need } from '../platform/config.ts'
import type { Database } from '../platform/database.ts'
import { ensureSecrets } from '../platform/local-stack.ts'
import { createSubjectEncoder } from '../platform/message-encoder.ts'
import { messageSubjects, registerSubject } from '../platform/message-subjects.ts'
import { createDatabase } from '../platform/postgres.ts'
import { readDailySummary } from '../platform/queries/days.ts'
import { createRegistry } from '../platform/registry.ts'
import { createSchemaReader } from '../platform/schema-reader.ts'
import type { Sink } from '../streaming/sink.ts'
import { dayThatEnded } from '../workflows/business-day.ts'
import { SCHEDULES } from '../workflows/schedules.ts'
import { brokenBooks } from './books.ts'
import { buildDay } from './build-models.ts'
import { readComposeFile } from './compose-file.ts'
import { isQuestion, panelsOf, readDashboards } from './dashboard-file.ts'
import { aMessage } from './factories.ts'
import { RULES } from './fixtures/records.ts'
import { useStack } from './harness.ts'
import { filesOf, readText } from './repository.ts'
import { type SentMessage, SinkTopic, sinkPool } from './sink-topic.ts'

// The defects of the reference implementation, in the words in which they were found; ours has none of them.

const own = useStack('database')
const topic = new SinkTopic('defects')
let pool: pg.Pool
let ingest: pg.Pool
let sink: Sink
let transform: Kysely<Database>

beforeAll(async () => {
  pool = own.pool()
  ingest = sinkPool(own)
  sink = await topic.sink(ingest)
  transform = createDatabase(own.pool('upi_transform'))
})

async function send(...messages: Record<string, unknown>[]) {
  return await topic.send(sink, 0, ...messages.map((fields) => ({ fields })))
}

async function rowsOf(pattern: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query(
    'select * from clean_upi_transactions where txn_id like $1 order by txn_id',
    [pattern],
  )
  return rows
}

/** The figures of a day after it has been built. */
async function figuresOf(date: string) {
  await buildDay(transform, date)
  return await readDailySummary(transform, date)
}

test('“ids that collide”: none does within a run, nor with another seed or range', async () => {
  const ids = new Set<string>()
  let transactions = 0
  const noon = Date.parse('2026-01-31T12:00:00+05:30')
  for (const [seed, from] of [
    ['a', noon],
    ['b', noon],
    ['a', noon + 1],
  ] as const) {
    const traffic = createTraffic({
      seed,
      from,
      to: noon + 3_600_000,
      count: 5_000,
      until: noon + 7_200_000,
    })
    const messages = [...traffic]
    for (const { key } of messages) ids.add(key as string)
    transactions += traffic.transactions
    const sent = messages.slice(0, 1_000).map(({ key, value }) => ({ key, value: value as Buffer }))
    const books = await topic.send(sink, 0, ...sent)
    expect(books).toMatchObject({ messages: 1_000, rejected: 0, conflicting: 0 })
  }
  expect(ids.size).toBe(transactions)
})

test('“plain INSERT that dies on a duplicate”: it is counted, and what follows is written', async () => {
  await send({ txn_id: 'DUP1' })
  const books = await send({ txn_id: 'DUP1' }, { txn_id: 'DUP2' }, { txn_id: 'DUP2' })
  expect(books).toMatchObject({ inserted: 1, duplicate: 2 })
  expect(await rowsOf('DUP_')).toMatchObject([{ messages: 2 }, { messages: 2 }])
})

test('“a midnight job that sums the day that has just begun”: it sums the day that ended', async () => {
  const [daily] = SCHEDULES
  expect(daily).toMatchObject({ at: { hour: 0, minute: 5 }, timezone: 'Asia/Kolkata' })
  const ended = dayThatEnded(Date.parse('2026-01-21T00:05:00+05:30'))
  expect(ended).toBe('2026-01-20')
  await send(
    { txn_id: 'DAY1', timestamp: '2026-01-20T00:00:00+05:30', amount: '1.00' },
    { txn_id: 'DAY2', timestamp: '2026-01-20T23:59:59.999999+05:30', amount: '2.00' },
    { txn_id: 'DAY3', timestamp: '2026-01-21T00:00:00+05:30', amount: '4.00' },
  )
  expect(await figuresOf(ended)).toMatchObject({ total_txns: '2', total_amount: '3.00' })
})

test('“IST stamps stored 5 h 30 min wrong”: an instant is the same in whatever zone it is told', async () => {
  await send(
    { txn_id: 'ZONE1', timestamp: '2026-02-01T00:15:00+05:30' },
    { txn_id: 'ZONE2', timestamp: '2026-01-31T18:45:00Z' },
  )
  const stored = { event_time: new Date('2026-01-31T18:45:00Z'), business_date: '2026-02-01' }
  expect(await rowsOf('ZONE_')).toMatchObject([stored, stored])
})

test('“amount processed that includes failed payments”: the total is that of those that succeeded', async () => {
  const statuses = ['SUCCESS', 'FAILED', 'PENDING', 'REVERSED', 'DECLINED', 'EXPIRED', 'DEEMED']
  await send(
    ...statuses.map((status) => ({
      txn_id: `AMOUNT-${status}`,
      status,
      amount: '10.00',
      timestamp: '2026-01-10T12:00:00+05:30',
    })),
  )
  expect(await figuresOf('2026-01-10')).toMatchObject({
    total_amount: '10.00',
    attempted_amount: '70.00',
    success_txns: '1',
    failed_txns: '3',
  })
})

test('“floats for money”: amounts are exact, as text and as JSON numbers, and so are their sums', async () => {
  const amounts = ['0.1', '0.2', '0.30', '999999.99', '100.10', '1e2', '1.0000000000000000000000']
  await topic.send(
    sink,
    0,
    ...amounts.map((amount, i) => ({
      key: null,
      value: JSON.stringify({
        ...aMessage({ txn_id: `EXACT${i}`, timestamp: '2026-01-11T12:00:00+05:30' }),
        amount: 0,
      }).replace('"amount":0', `"amount":${amount}`),
    })),
    { value: JSON.stringify(aMessage({ amount: '0.005' })), key: null },
    { value: JSON.stringify(aMessage()).replace('"249.50"', '100.0000000000000001'), key: null },
  )
  const rows = await rowsOf('EXACT_')
  const exact = ['0.10', '0.20', '0.30', '999999.99', '100.10', '100.00', '1.00']
  expect(rows.map(({ amount }) => amount)).toEqual(exact)
  expect(await figuresOf('2026-01-11')).toMatchObject({ total_amount: '1000201.69' })
  const { rows: types } = await pool.query(
    `select table_schema || '.' || table_name || '.' || column_name as name
       from information_schema.columns
      where table_schema in ('public', 'ops') and data_type in ('real', 'double precision')`,
  )
  expect(types).toEqual([])
})

test('“one null that kills the job”: it costs its message, or only its field', async () => {
  const required = ['txn_id', 'payer', 'payee', 'amount', 'status', 'timestamp']
  const sent: SentMessage[] = [
    ...required.map((name) => ({ fields: { txn_id: 'NO', [name]: null }, key: null })),
    { value: null, key: null },
    { value: 'null', key: null },
    { fields: { txn_id: 'NULL1', city: null, completed_at: null, rrn: null, type: null } },
  ]
  expect(await topic.send(sink, 0, ...sent)).toMatchObject({ rejected: 8, inserted: 1 })
  expect(await rowsOf('NULL1')).toMatchObject([{ city: null, type: null }])
})

test('“an unknown extra field that silently drops all traffic”: it is ignored, and stays in raw', async () => {
  const books = await send({ txn_id: 'EXTRA1', device_score: { level: [1, null] } })
  expect(books).toMatchObject({ inserted: 1, rejected: 0, warnings: 0 })
  const { rows } = await pool.query(
    `select payload::json -> 'device_score' as score from raw_upi_transactions where txn_id = 'EXTRA1'`,
  )
  expect(rows).toEqual([{ score: { level: [1, null] } }])
})

test('“rows lost or doubled on a crash”: who goes on reads the offset that was written with the rows', async () => {
  const lost = topic.batch(sink, 1, [
    { fields: { txn_id: 'CRASH1' } },
    { fields: { txn_id: 'CRASH2' } },
  ])
  // A worker that wrote, and died before it could tell Kafka; another that takes over does not write it again.
  await topic.write(sink, lost)
  const other = await topic.sink(ingest)
  expect(await other.findOffsets([1])).toEqual(new Map([[1, { epoch: 0, offset: 2n }]]))
  await expect(topic.write(other, lost)).rejects.toMatchObject({ code: 'OWNER_STALE' })
  expect(await rowsOf('CRASH_')).toMatchObject([{ messages: 1 }, { messages: 1 }])
  expect(await brokenBooks(pool)).toEqual([])
})

test('“merchants merged by truncation to 50 characters”: each keeps its whole name and its key', async () => {
  const long = 'a'.repeat(200)
  const payees = [`${long}1@ybl`, `${long}2@ybl`]
  await send(...payees.map((payee, i) => ({ txn_id: `LONG${i}`, payee, type: 'P2M' })))
  const rows = await rowsOf('LONG_')
  expect(rows.map(({ payee }) => payee)).toEqual(payees)
  const [first, second] = rows.map(({ payee_key }) => (payee_key as Buffer).toString('hex'))
  expect(first).not.toBe(second)
})

test('“lawful payments over ₹1 lakh refused”: the limit is ten lakhs, and a setting', async () => {
  const amounts = ['100000.01', '200000.00', '500000.00', '1000000.00', '1000000.01']
  const books = await send(...amounts.map((amount, i) => ({ txn_id: `LAKH${i}`, amount })))
  expect(books).toMatchObject({ inserted: 4, rejected: 1 })
  expect(need(own.configFor(), 'amountLimit').amountLimit).toBe('1000000.00')
  expect(own.configFor({ UPI_AMOUNT_LIMIT: '5000000.00' }).amountLimit).toBe('5000000.00')
})

test('“a registry that is deployed but never used”: messages are read by the schema that they name', async () => {
  const registry = createRegistry(need(own.configFor(), 'schemaRegistryUrl'))
  const reader = createSchemaReader(registry)
  const framed = new SinkTopic('framed', { ...RULES, schemaOf: reader.schemaOf })
  const framedSink = await framed.sink(ingest)
  const sent: SentMessage[] = []
  for (const framing of ['json', 'avro'] as const) {
    const subject = messageSubjects(own.name)[framing]
    await registerSubject(registry, subject)
    const message = aMessage({ txn_id: `FRAME-${framing}`, timestamp: '2026-02-01T05:00:00Z' })
    const value = createSubjectEncoder(registry, subject)
    sent.push({ value: (await value)(message), key: message.txn_id })
  }
  const unknown = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 0x7b, 0x7d])
  for (const { value } of [...sent, { value: unknown }]) {
    await reader.load((value as Buffer).readUInt32BE(1))
  }
  const books = await framed.send(framedSink, 0, ...sent, { value: unknown, key: null })
  expect(books).toMatchObject({ inserted: 2, rejected: 1 })
  expect(await rowsOf('FRAME-%')).toMatchObject([{ amount: '249.50' }, { amount: '249.50' }])
})

test('“dashboards that are shipped but not provisioned”: Grafana is given every one, and its sources', () => {
  const [provider] = parse(readText('grafana/provisioning/dashboards/upi.yaml')).providers
  const { datasources } = parse(readText('grafana/provisioning/datasources/upi.yaml'))
  const volumes = readComposeFile().services.grafana?.volumes ?? []
  const mounted = volumes.map((each) => each.split(':').slice(0, 2).join(' '))
  expect(mounted).toContain(`./grafana/dashboards ${provider.options.path}`)
  for (const kind of ['datasources', 'dashboards']) {
    const place = `grafana/provisioning/${kind}`
    expect(mounted).toContain(`./${place} /etc/${place}`)
  }
  const dashboards = readDashboards()
  expect(dashboards.length).toBeGreaterThan(0)
  const known = datasources.map(({ uid }: { uid: string }) => uid)
  for (const { path, dashboard } of dashboards) {
    const asking = panelsOf(dashboard).filter(({ targets }) => targets.some(isQuestion))
    for (const { datasource } of asking) expect(known, basename(path)).toContain(datasource?.uid)
  }
  const shipped = filesOf('**/*dashboard*/**/*.json').map(({ path }) => path)
  expect(shipped.filter((path) => !path.startsWith('grafana/dashboards/'))).toEqual([])
})

test('“default passwords”: there is none in settings or files, and every stack makes its own', () => {
  const bare = loadConfig({ UPI_HOME: '/nonexistent/upi' })
  expect([bare.databaseUrl, bare.ingestDatabaseUrl, bare.kafkaSaslPassword, bare.piiKey]).toEqual(
    Array(4).fill(undefined),
  )
  const isPassword = (line: string) =>
    /^[^#]*(password|secret_key)\w*\s*[:=]/i.test(line) && !/password_encryption/.test(line)
  const files = filesOf('{docker-compose.yml,.env.example,grafana/**/*.yaml,Dockerfile}')
  const lines = files.flatMap(({ text }) => text.split('\n').filter(isPassword))
  const written = lines.filter((line) => !/\/run\/secrets\/|[:=]\s*$/.test(line))
  expect(written).toEqual([])
  const homes = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'upi-test-')))
  try {
    const made = homes.flatMap((home) => Object.values(ensureSecrets(home)))
    expect(new Set(made).size).toBe(made.length)
    expect(Math.min(...made.map((secret) => String(secret).length))).toBeGreaterThanOrEqual(24)
    for (const home of homes) expect(statSync(join(home, 'secrets.json')).mode & 0o077).toBe(0)
  } finally {
    for (const home of homes) rmSync(home, { recursive: true })
  }
})
