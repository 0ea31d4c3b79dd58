import { afterEach, expect, test } from 'vitest'
import { UpiError } from '../core/errors.ts'
import { BytesInHand } from '../platform/bytes-in-hand.ts'
import { COMPRESSIONS } from '../platform/kafka-codecs.ts'
import { createLogger } from '../platform/telemetry.ts'
import { readTopicLog } from '../platform/topic-log.ts'
import { SESSION_MS } from '../streaming/group-consumer.ts'
import { createSink, type Sink } from '../streaming/sink.ts'
import { type StreamDeps, StreamWorker } from '../streaming/worker.ts'
import { brokenBooks } from './books.ts'
import { aMessage } from './factories.ts'
import { FakeSink } from './fixtures/fake-sink.ts'
import { RULES } from './fixtures/records.ts'
import { eventually, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'
import { sinkPool } from './sink-topic.ts'

const stack = useStack('database')
const own = useTopics(stack)
const log = createLogger({ process: 'test', level: 'fatal', pretty: false })

const PARTITIONS = Array.from({ length: 12 }, (_, i) => i)
const BATCH_MESSAGES = 100
const BATCHES = 8
// A worker that a busy machine has cost its session joins anew first.
const WRITTEN_MS_MAX = 25_000

class WatchedHand extends BytesInHand {
  most = 0
  largest = 0

  override change(bytes: number): void {
    super.change(bytes)
    this.most = Math.max(this.most, this.bytes)
    this.largest = Math.max(this.largest, bytes)
  }
}

/** Fills many partitions with batches that pack well. */
async function fill(): Promise<number> {
  const count = PARTITIONS.length
  await own.grow(count)
  const compression = COMPRESSIONS.zstd
  for (let i = 0; i < BATCHES * count; i++) {
    const messages = Array.from({ length: BATCH_MESSAGES }, () => ({
      partition: i % count,
      value: JSON.stringify(aMessage()),
    }))
    // Of one partition: what is sent again has not arrived.
    await eventually(() => own.producer.send({ topic: own.name, compression, messages }))
  }
  return count * BATCHES * BATCH_MESSAGES
}

const stops: (() => Promise<void>)[] = []

function start(
  sink: Sink,
  hand: BytesInHand,
  loadSchema: StreamDeps['loadSchema'] = async () => ({ type: 'UNKNOWN' }),
): void {
  const abort = new AbortController()
  const worker = new StreamWorker({
    kafka: own.kafka,
    sink,
    hand,
    rules: RULES,
    loadSchema,
    topic: own.name,
    group: own.name,
    log,
    onBatch: () => {},
  })
  const ended = worker.run(abort.signal)
  ended.catch(() => {})
  stops.push(async () => {
    abort.abort()
    await ended
  })
}

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** Waits until so many partitions were written to their end. */
async function allWritten(
  sink: FakeSink,
  partitions: readonly number[],
  before = 0,
): Promise<void> {
  const end = `-${before + BATCHES * BATCH_MESSAGES}`
  const left = () =>
    partitions
      .map((each) => [each, sink.of('written', each).at(-1)] as const)
      .filter(([, last]) => last?.endsWith(end) !== true)
  await eventually(left, ({ length }) => length === 0, WRITTEN_MS_MAX)
}

test('many partitions of packed batches arrive, and never more is in hand than the budget and a batch', async () => {
  const messages = await fill()
  const budget = 512 * 1024
  const hand = new WatchedHand(budget)
  const sink = createSink({
    pool: sinkPool(stack),
    group: own.name,
    topic: own.name,
    rules: { version: 'test', settings: {} },
    readLog: () => readTopicLog(own.admin, own.name),
  })
  start(sink, hand)
  await own.written(messages)
  await eventually(own.atEnd)
  expect(hand.most).toBeGreaterThanOrEqual(budget)
  expect(hand.most).toBeLessThan(budget + hand.largest)
  await eventually(() => hand.bytes === 0)
  expect(await brokenBooks(own.pool)).toEqual([])
}, 60_000)

test('partitions that stand still, and those that wait for the registry, leave room for the others', async () => {
  const [still, waiting] = [PARTITIONS.slice(0, 3), PARTITIONS.slice(3, 9)]
  const framed = Buffer.from([0, 0, 0, 0, 7, ...Buffer.from(JSON.stringify(aMessage()))])
  await own.grow(PARTITIONS.length)
  for (const partition of waiting) {
    const messages = [{ partition, value: framed }]
    await eventually(() => own.producer.send({ topic: own.name, messages }))
  }
  await fill()
  const sink = new FakeSink()
  for (const partition of still) sink.hold(partition)
  let isAway = true
  start(sink, new WatchedHand(2 << 20), async () => {
    if (isAway) throw new UpiError('REGISTRY_UNAVAILABLE', 'away')
    return { type: 'JSON' }
  })
  await allWritten(sink, PARTITIONS.slice(9))
  for (const partition of still) sink.letGo(partition)
  await allWritten(sink, still)
  expect(waiting.flatMap((partition) => sink.of('prepare', partition))).toEqual([])
  isAway = false
  await allWritten(sink, waiting, 1)
}, 60_000)

test('while the budget is used up the consumer beats, and it goes on when there is room', async () => {
  await fill()
  const sink = new FakeSink()
  for (const partition of PARTITIONS) sink.hold(partition)
  const hand = new WatchedHand(256 * 1024)
  start(sink, hand)
  await eventually(() => hand.bytes >= 256 * 1024)
  const memberOf = async () =>
    (await own.admin.describeGroups([own.name])).groups[0]?.members.map((each) => each.memberId)
  const before = await memberOf()
  const began = performance.now()
  await eventually(() => performance.now() > began + SESSION_MS[0] + 1_500, Boolean, 10_000)
  expect(hand.most).toBeLessThan(256 * 1024 + hand.largest)
  for (const partition of PARTITIONS) sink.letGo(partition)
  await allWritten(sink, PARTITIONS)
  expect(await memberOf()).toEqual(before)
  expect(before).toHaveLength(1)
}, 60_000)
