import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Kafka } from 'kafkajs'
import type { Pool } from 'pg'
import { formatSpan } from '../../cli/output.ts'
import { Random } from '../../core/traffic/random.ts'
import { type Book, bookOf, type Fault } from '../../platform/books/book.ts'
import { checkBooks } from '../../platform/books/check-books.ts'
import { need } from '../../platform/config.ts'
import { createKafka } from '../../platform/kafka.ts'
import { createEncoder } from '../../platform/message-encoder.ts'
import { createPool } from '../../platform/postgres.ts'
import { TopicProducer } from '../../platform/producer.ts'
import { createRegistry } from '../../platform/registry.ts'
import { createSchemaReader } from '../../platform/schema-reader.ts'
import { createLogger } from '../../platform/telemetry.ts'
import { deadLetterTopic } from '../../platform/topics.ts'
import { createReadAgain } from '../../streaming/read-again.ts'
import { rulesOf } from '../../streaming/rules.ts'
import { type Crash, Worker } from './crew.ts'
import { Feed } from './feed.ts'
import { inject, type Scene } from './inject.ts'
import { Ledger } from './ledger.ts'
import { checkLedger } from './ledger-books.ts'
import { Mixer } from './mix.ts'
import { type PrivateStack, startPrivateStack } from './private-stack.ts'
import { type PlannedFault, planFaults } from './schedule.ts'
import { copyLetters, copyTopic } from './topic-copy.ts'
import { type Standstill, Watch } from './watch.ts'

export interface ChaosOptions {
  readonly seed: string
  readonly minutes: number
  readonly faults: number
  /** Transactions a second; each has some two messages. */
  readonly perSecond: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** What was done, and what came of it. */
export interface ChaosReport {
  readonly seed: string
  readonly isRight: boolean
  readonly faults: readonly (PlannedFault & { readonly missed?: string })[]
  readonly messages: {
    readonly acknowledged: number
    readonly unknown: number
    /** Why of those nobody knows whether Kafka has them. */
    readonly reasons: readonly string[]
  }
  /** The longest time that each partition stood still although it had something to be read. */
  readonly standstills: readonly Standstill[]
  readonly books: readonly Book[]
  /** Where servers' data and workers' logs are kept, when something was wrong. */
  readonly home?: string
}

const WORKERS = 3
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const CATCH_UP_MS_MAX = 120_000
const STANDSTILL_MS_MAX = 30_000
const OUTAGE_MS_MAX = 120_000
const START_MS_MAX = 30_000
const LOOK_MS = 50

/** Breaks a stack of its own while traffic flows, lets it recover, and checks that nothing is lost or doubled. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  options.say('starting Postgres, Kafka and the registry')
  const codec = new Random('chaos codec', options.seed).pick(CODECS)
  const stack = await startPrivateStack({ UPI_PRODUCER_COMPRESSION: codec })
  let isRight = false
  try {
    const report = await breakStack(stack, options)
    isRight = report.isRight
    return report
  } finally {
    await stack.stop({ keep: !isRight && !options.signal.aborted })
  }
}

interface Tools {
  readonly stack: PrivateStack
  readonly pool: Pool
  readonly kafka: Kafka
  readonly admin: Admin
  readonly ledger: Ledger
  readonly feed: Feed
  readonly producer: TopicProducer
  readonly watch: Watch
}

async function breakStack(stack: PrivateStack, options: ChaosOptions): Promise<ChaosReport> {
  const tools = await openTools(stack, options.seed)
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, (_, place) => Worker.start(stack, place)),
  )
  const scene: Scene = { ...tools, workers, guests: [] }
  const looking = new AbortController()
  const watching = tools.watch.run(looking.signal)
  try {
    const faults = await runFaults(scene, options)
    options.say(`${tools.ledger.acknowledged} messages sent; waiting until they are read`)
    const isRead = await tools.watch.caughtUp(CATCH_UP_MS_MAX, options.signal)
    await Promise.all(workers.map((worker) => worker.stop()))
    options.say('checking the books')
    const books = [
      ...(await whenBack(() => checkAll(tools))),
      watchBook(tools.watch, isRead),
      crashBook([...workers, ...scene.guests].flatMap(({ crashes }) => crashes)),
    ]
    const isRight = books.every(({ state }) => state !== 'broken')
    const { acknowledged, unknown } = tools.ledger
    return {
      seed: options.seed,
      isRight,
      faults,
      messages: { acknowledged, unknown, reasons: [...tools.feed.reasons] },
      standstills: tools.watch.standstills,
      books,
      ...(isRight ? {} : { home: stack.home }),
    }
  } finally {
    looking.abort()
    await watching
    for (const worker of [...workers, ...scene.guests]) await worker.abandon()
    await tools.producer.close()
    await tools.admin.disconnect()
    await tools.pool.end()
  }
}

async function openTools(stack: PrivateStack, seed: string): Promise<Tools> {
  const config = need(stack.config, 'databaseUrl', 'kafkaBrokers', 'schemaRegistryUrl')
  const log = createLogger({ process: 'chaos', level: 'silent', pretty: false })
  const kafka = createKafka(config, 'upi-chaos', log)
  const admin = kafka.admin({ retry: { retries: 0 } })
  await admin.connect()
  const { topic } = config
  const registry = createRegistry(config)
  const encoders = {
    json: await createEncoder('json', { registry, topic }),
    avro: await createEncoder('avro', { registry, topic }),
  }
  const outlet = { clientId: 'upi-chaos', topic, log, outageMsMax: OUTAGE_MS_MAX }
  const producer = await TopicProducer.connect(config, outlet)
  mkdirSync(join(stack.home, 'logs'), { recursive: true })
  const ledger = new Ledger(join(stack.home, 'ledger.tsv'))
  const feed = new Feed({ producer, ledger, mixer: new Mixer(seed, encoders) })
  const pool = createPool(config, config.databaseUrl, { max: 10, name: 'chaos', isPipelined: true })
  const watch = new Watch({ pool, admin, topic })
  return { stack, pool, kafka, admin, ledger, feed, producer, watch }
}

/** Sends traffic and does the faults, each at its time, whether or not those before are over. */
async function runFaults(scene: Scene, options: ChaosOptions): Promise<ChaosReport['faults']> {
  const { seed, faults, minutes, perSecond, signal, say } = options
  const durationMs = minutes * 60_000
  const ending = new AbortController()
  const stopped = AbortSignal.any([ending.signal, signal])
  const feeding = scene.feed.run({ seed, perSecond, signal: stopped })
  await Promise.race([feeding, allAtWork(scene.workers)])
  const since = Date.now()
  const planned = planFaults({ seed, durationMs, faults, workers: scene.workers.length })
  const done = planned.map(async (fault) => {
    await sleep(since + fault.atMs - Date.now(), undefined, { signal })
    scene.watch.disturb()
    const missed = await inject(scene, fault)
    scene.watch.disturb()
    const at = `${(fault.atMs / 1000).toFixed(1)} s`.padStart(7)
    const rest = missed === undefined ? '' : `, missed: ${missed}`
    say(`${at}  ${fault.kind}, worker ${fault.worker}${rest}`)
    return missed === undefined ? fault : { ...fault, missed }
  })
  try {
    const all = await Promise.all(done)
    await sleep(Math.max(0, since + durationMs - Date.now()), undefined, { signal })
    return all
  } finally {
    ending.abort()
    await Promise.allSettled(done)
    await feeding
  }
}

// A fault that meets a worker which has not begun yet proves nothing.
async function allAtWork(workers: readonly Worker[]): Promise<void> {
  const end = Date.now() + START_MS_MAX
  while (workers.some(({ proxy }) => proxy.clientPorts.length === 0) && Date.now() < end) {
    await sleep(LOOK_MS)
  }
}

async function checkAll({ stack, pool, kafka, admin, ledger }: Tools): Promise<Book[]> {
  const config = need(stack.config, 'piiKey', 'schemaRegistryUrl')
  const schemas = createSchemaReader(createRegistry(config))
  const rules = rulesOf(config, schemas.schemaOf)
  const books = await checkBooks(
    pool,
    createReadAgain(rules, (id) => schemas.load(id)),
  )
  const client = await pool.connect()
  try {
    await ledger.load(client)
    await copyTopic(client, { kafka, admin, topic: config.topic })
    await copyLetters(client, { kafka, admin, topic: deadLetterTopic(config.topic) })
    return [...books, ...(await checkLedger(client))]
  } finally {
    client.release(true)
  }
}

// A server that a fault met in the last seconds may still be finding itself. What is wrong with it for longer ends the
// check; what is wrong with the books is no fault here, but its result.
async function whenBack<T>(call: () => Promise<T>): Promise<T> {
  const end = Date.now() + START_MS_MAX
  for (;;) {
    try {
      return await call()
    } catch (fault) {
      if (Date.now() > end) throw fault
    }
    await sleep(LOOK_MS)
  }
}

function watchBook(watch: Watch, isRead: boolean): Book {
  const late: Fault[] = watch.standstills
    .filter(({ leftAloneMs }) => leftAloneMs > STANDSTILL_MS_MAX)
    .map(({ partition, leftAloneMs }) => ({
      key: `partition ${partition}`,
      found: formatSpan(leftAloneMs),
      expected: `at most ${formatSpan(STANDSTILL_MS_MAX)}`,
    }))
  const rest = { key: 'all', found: `${watch.lag} messages not read`, expected: 'none' }
  const broken = isRead ? late : [rest, ...late]
  const says = 'left alone no partition stood still for more than 30 s, and all was read in the end'
  return bookOf('standstill', says, { broken, count: broken.length })
}

function crashBook(crashes: readonly Crash[]): Book {
  const broken = crashes.map(({ worker, end, words }) => ({
    key: `worker ${worker}`,
    found: `${end}: ${words}`,
    expected: 'it goes on by itself',
  }))
  const says = 'no worker ended unless it was told to, and each drained when it was'
  return bookOf('workers', says, { broken, count: broken.length })
}
