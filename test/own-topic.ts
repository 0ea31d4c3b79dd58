import type { Admin, Kafka, Producer } from 'kafkajs'
import type pg from 'pg'
import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { need } from '../platform/config.ts'
import { createKafka } from '../platform/kafka.ts'
import { createLogger } from '../platform/telemetry.ts'
import type { OffsetStatus } from '../streaming/offset-status.ts'
import { aMessage } from './factories.ts'
import { freePort } from './free-port.ts'
import {
  type CliResult,
  type CliRun,
  eventually,
  type OwnStack,
  runCli,
  startCli,
} from './harness.ts'

/** Gives each test a topic and a group of its own, since what happens to some cannot be undone. */
export function useTopics(own: OwnStack): OwnTopic {
  const topic = new OwnTopic(own)
  let tests = 0
  beforeAll(() => topic.open())
  beforeEach(() => topic.begin(`${own.name}_${++tests}`))
  afterEach(() => topic.end())
  return topic
}

// What a test that failed shows of its worker's log.
const STDERR_SHOWN_MAX = 2_000

/** A topic of one test, and what a test does with it. */
export class OwnTopic {
  readonly #own: OwnStack
  kafka!: Kafka
  admin!: Admin
  producer!: Producer
  pool!: pg.Pool
  /** Of the topic, and of the group. */
  name = ''

  constructor(own: OwnStack) {
    this.#own = own
  }

  get env(): Record<string, string> {
    const { name } = this
    return { ...this.#own.env, UPI_TOPIC: name, UPI_CONSUMER_GROUP: name, UPI_ACTOR: 'asha' }
  }

  open(): void {
    const log = createLogger({ process: 'test', level: 'fatal', pretty: false })
    this.kafka = createKafka(need(this.#own.configFor(), 'kafkaBrokers'), 'upi-test', log)
    this.pool = this.#own.pool()
  }

  // A client of kafkajs goes on asking for every topic that it has ever met: deleted ones too, in vain.
  async begin(name: string): Promise<void> {
    this.name = name
    this.admin = this.kafka.admin()
    this.producer = this.kafka.producer()
    await Promise.all([this.admin.connect(), this.producer.connect()])
    await this.make(2)
  }

  /** Makes the topic, for the first time or anew. */
  async make(numPartitions: number): Promise<void> {
    const { name } = this
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]
    const topics = [{ topic: name, numPartitions, configEntries }]
    await eventually(() => this.admin.createTopics({ topics, waitForLeaders: true }))
  }

  /** Adds partitions. What is sent to one of which the broker does not tell yet kafkajs drops without a word. */
  async grow(count: number): Promise<void> {
    const { name } = this
    const read = async () => {
      const { topics } = await this.admin.fetchTopicMetadata({ topics: [name] })
      return topics[0]?.partitions.length
    }
    if ((await read()) === count) return
    await this.admin.createPartitions({ topicPartitions: [{ topic: name, count }] })
    await eventually(read, (told) => told === count)
  }

  async end(): Promise<void> {
    await this.admin.deleteTopics({ topics: [this.name] })
    const { groups } = await this.admin.listGroups()
    if (groups.some(({ groupId }) => groupId === this.name)) {
      await eventually(() => this.admin.deleteGroups([this.name]).then(() => true))
    }
    await Promise.all([this.admin.disconnect(), this.producer.disconnect()])
  }

  /** Sends so many good messages to a partition; gives their ids. */
  async send(partition: number, count: number): Promise<string[]> {
    const messages = Array.from({ length: count }, () => aMessage())
    const values = messages.map((each) => ({ partition, value: JSON.stringify(each) }))
    await eventually(() => this.producer.send({ topic: this.name, messages: values }))
    return messages.map(({ txn_id }) => txn_id)
  }

  /** Lets what is in an epoch's log up to now expire, to an offset. */
  async expire(partition: number, offset: number): Promise<void> {
    const partitions = [{ partition, offset: String(offset) }]
    // So that it knows the partition's leader.
    await this.admin.fetchTopicOffsets(this.name)
    await this.admin.deleteTopicRecords({ topic: this.name, partitions })
  }

  async #number(sql: string, ...parameters: unknown[]): Promise<number> {
    const { rows } = await this.pool.query<{ n: string }>(sql, [this.name, ...parameters])
    return Number(rows[0]?.n)
  }

  countBatches(): Promise<number> {
    return this.#number('select count(*) as n from ops.stream_batches where topic = $1')
  }

  /** Waits until raw has so many messages. */
  async written(count: number, epoch = 0): Promise<void> {
    const sql = 'select count(*) as n from raw_upi_transactions where topic = $1 and epoch = $2'
    await eventually(
      () => this.#number(sql, epoch),
      (n) => n === count,
    )
  }

  /** Whether everything that Kafka has is behind the stored offsets. */
  readonly atEnd = async (): Promise<boolean> => {
    const ends = await this.admin.fetchTopicOffsets(this.name)
    const stored = await this.#number(
      'select coalesce(sum(next_offset), 0) as n from ops.stream_offsets where topic = $1',
    )
    return stored === ends.reduce((sum, { high }) => sum + Number(high), 0)
  }

  /** Runs a worker; `readiness` says whether it is ready, or why not, and `scrape` gives its metrics. */
  async withStream<T>(
    work: (
      run: CliRun,
      readiness: () => Promise<string>,
      scrape: () => Promise<string>,
    ) => Promise<T>,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const port = settings.UPI_METRICS_PORT ?? String(await freePort())
    const env = { ...this.env, UPI_METRICS_PORT: port, ...settings }
    const run = startCli(['stream'], env)
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}/${path}`)).text()
    try {
      return await work(
        run,
        async () => (await get('readyz')).trim(),
        () => get('metrics'),
      )
    } catch (fault) {
      throw new Error(`the worker said: ${run.stderr.slice(-STDERR_SHOWN_MAX)}`, { cause: fault })
    } finally {
      for (const signal of ['SIGCONT', 'SIGTERM'] as const) run.kill(signal)
      const { code, stderr } = await run.ended
      expect(code, stderr).toBe(0)
    }
  }

  /** Lets a worker read until raw has so many messages. */
  async readAll(count: number): Promise<void> {
    await this.withStream(() => this.written(count))
  }

  offsets(...args: string[]): Promise<CliResult> {
    return runCli(['offsets', ...args], this.env)
  }

  async list(): Promise<OffsetStatus> {
    const { stdout, stderr } = await this.offsets('list', '--json')
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }

  async gaps(): Promise<unknown[]> {
    const { rows } = await this.pool.query(
      `select kafka_partition as partition, first_offset::int as first, next_offset::int as next,
              reason, actor
         from ops.stream_gaps where topic = $1 order by 1, 2`,
      [this.name],
    )
    return rows
  }
}
