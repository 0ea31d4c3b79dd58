import type { Admin, Kafka } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BytesInHand } from '../platform/bytes-in-hand.ts'
import { loadConfig, need } from '../platform/config.ts'
import { createKafka } from '../platform/kafka.ts'
import { type StackOptions, startStack, waitReady } from '../platform/stack/index.ts'
import { type ProcessId, signalProcess } from '../platform/stack/process-table.ts'
import { createLogger } from '../platform/telemetry.ts'
import { readTopicLog } from '../platform/topic-log.ts'
import type { Place } from '../streaming/place-offsets.ts'
import { StreamWorker } from '../streaming/worker.ts'
import { eventually } from './eventually.ts'
import { FakeSink } from './fixtures/fake-sink.ts'
import { RULES } from './fixtures/records.ts'
import { componentOf, ownStackOptions, removeOwnStack } from './own-stack.ts'

const TOPIC = 'upi_transactions'
const log = createLogger({ process: 'test', level: 'fatal', pretty: false })

// A server of its own: what stands still here is nobody else's.
let options: StackOptions
let kafka: Kafka
let admin: Admin
beforeAll(async () => {
  options = await ownStackOptions({ servers: ['kafka'] })
  await startStack(options)
  await waitReady(options.home)
  const brokers = { KAFKA_BROKERS: `127.0.0.1:${options.portBase + 1}`, UPI_HOME: options.home }
  kafka = createKafka(need(loadConfig(brokers), 'kafkaBrokers'), 'upi-test', log)
  admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: TOPIC }], waitForLeaders: true })
})
afterAll(async () => {
  await admin.disconnect()
  await removeOwnStack(options)
})

/** Asks Kafka where the log is, as the true one does. */
class AskingSink extends FakeSink {
  override async findOffsets(partitions: readonly number[]): Promise<Map<number, Place>> {
    await readTopicLog(admin, TOPIC)
    return await super.findOffsets(partitions)
  }
}

test('a Kafka that is silent is told as away, and the stream is ready when it speaks again', async () => {
  const abort = new AbortController()
  const worker = new StreamWorker({
    kafka,
    sink: new AskingSink(),
    rules: RULES,
    loadSchema: async () => ({ type: 'UNKNOWN' }),
    topic: TOPIC,
    group: 'silence',
    log,
    hand: new BytesInHand(),
    onBatch: () => {},
  })
  const ended = worker.run(abort.signal)
  const readiness = (wanted: string | undefined) =>
    eventually(
      () => [worker.readiness()],
      ([seen]) => seen === wanted,
      40_000,
    )
  await readiness(undefined)
  const server = componentOf(options, 'kafka') as ProcessId
  signalProcess(server, 'SIGSTOP')
  try {
    await readiness('Kafka is away')
    expect([...worker.standing().awaited]).toEqual(['kafka'])
  } finally {
    signalProcess(server, 'SIGCONT')
  }
  await readiness(undefined)
  expect(worker.standing().awaited.size).toBe(0)
  abort.abort()
  await ended
}, 100_000)
