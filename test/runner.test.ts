import { afterEach, expect, test } from 'vitest'
import { UpiError } from '../core/errors.ts'
import { UNPACKED_BATCH_BYTES_MAX } from '../core/limits.ts'
import { BytesInHand } from '../platform/bytes-in-hand.ts'
import { COMPRESSIONS } from '../platform/kafka-codecs.ts'
import { createLogger } from '../platform/telemetry.ts'
import { GroupConsumer, SESSION_MS } from '../streaming/group-consumer.ts'
import { type StreamDeps, StreamWorker } from '../streaming/worker.ts'
import { aMessage } from './factories.ts'
import { FakeSink } from './fixtures/fake-sink.ts'
import { RULES } from './fixtures/records.ts'
import { eventually, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'

const own = useTopics(useStack('database'))
const log = createLogger({ process: 'test', level: 'fatal', pretty: false })

interface Running {
  readonly sink: FakeSink
  readonly worker: StreamWorker
  readonly ended: Promise<void>
  stop(): Promise<void>
}

const running: Running[] = []

function begin(sink = new FakeSink(), over: Partial<StreamDeps> = {}): Running {
  const abort = new AbortController()
  const worker = new StreamWorker({
    kafka: own.kafka,
    sink,
    rules: RULES,
    loadSchema: async () => ({ type: 'UNKNOWN' }),
    topic: own.name,
    group: own.name,
    log,
    hand: new BytesInHand(),
    onBatch: () => {},
    ...over,
  })
  const ended = worker.run(abort.signal)
  ended.catch(() => {})
  const run: Running = {
    sink,
    worker,
    ended,
    async stop() {
      abort.abort()
      await ended
    },
  }
  running.push(run)
  return run
}

async function start(...given: Parameters<typeof begin>): Promise<Running> {
  const run = begin(...given)
  await eventually(() => run.worker.readiness() === undefined)
  return run
}

afterEach(async () => {
  for (const { sink, stop } of running.splice(0)) {
    for (const partition of [0, 1]) sink.letGo(partition)
    await stop().catch(() => {})
  }
})

function sees(sink: FakeSink, kind: string, partition: number, wanted: string[]): Promise<unknown> {
  return eventually(
    () => sink.of(kind, partition).join(' '),
    (seen) => seen === wanted.join(' '),
  )
}

test('one batch is written, the next prepared, and one waits; the other partitions go on', async () => {
  const { sink, worker } = await start()
  sink.hold(0)
  await own.send(0, 1)
  await sees(sink, 'write', 0, ['0-1'])
  await own.send(0, 1)
  await sees(sink, 'prepare', 0, ['0-1', '1-2'])
  await own.send(0, 1)
  await own.send(1, 1)
  await sees(sink, 'written', 1, ['0-1'])
  await own.send(0, 2)
  await own.send(1, 1)
  await sees(sink, 'written', 1, ['0-1', '1-2'])
  expect(sink.of('prepare', 0)).toEqual(['0-1', '1-2'])
  expect(sink.of('write', 0)).toEqual(['0-1'])
  expect(worker.readiness()).toBe(undefined)
  sink.letGo(0)
  await sees(sink, 'written', 0, ['0-1', '1-2', '2-3', '3-5'])
  expect(sink.of('write', 0)).toEqual(sink.of('written', 0))
})

test('a write that outlasts the session costs nothing: the consumer beats meanwhile', async () => {
  const { sink } = await start()
  const memberOf = async () =>
    (await own.admin.describeGroups([own.name])).groups[0]?.members.map((each) => each.memberId)
  const before = await memberOf()
  sink.hold(0)
  await own.send(0, 1)
  await sees(sink, 'write', 0, ['0-1'])
  const began = performance.now()
  await eventually(() => performance.now() > began + SESSION_MS[0] + 1_500, Boolean, 10_000)
  sink.letGo(0)
  await sees(sink, 'written', 0, ['0-1'])
  expect(await memberOf()).toEqual(before)
  expect(before).toHaveLength(1)
})

test('a registry that is away stops the partition that asks for it, and rejects nothing', async () => {
  let isAway = true
  const loadSchema: StreamDeps['loadSchema'] = async () => {
    if (isAway) throw new UpiError('REGISTRY_UNAVAILABLE', 'away')
    return { type: 'JSON' }
  }
  const { sink, worker } = await start(new FakeSink(), { loadSchema })
  await sendFramed()
  await eventually(() => worker.readiness() === 'the registry is away')
  await own.send(1, 1)
  await sees(sink, 'written', 1, ['0-1'])
  expect(sink.of('prepare', 0)).toEqual([])
  isAway = false
  await sees(sink, 'written', 0, ['0-1'])
})

async function sendFramed(): Promise<void> {
  const value = Buffer.from([0, 0, 0, 0, 7, ...Buffer.from(JSON.stringify(aMessage()))])
  await own.producer.send({ topic: own.name, messages: [{ partition: 0, value }] })
}

async function sendUnreadable(): Promise<void> {
  const messages = [{ partition: 0, value: Buffer.alloc(UNPACKED_BATCH_BYTES_MAX) }]
  await own.producer.send({ topic: own.name, compression: COMPRESSIONS.zstd, messages })
}

test('what waits for the registry is not read over and over because of a batch that cannot be read', async () => {
  let asked = 0
  let read = 0
  const { sink, worker } = await start(new FakeSink(), {
    async loadSchema() {
      if (++asked < 7) throw new UpiError('REGISTRY_UNAVAILABLE', 'away')
      return { type: 'JSON' }
    },
    onRead(_, messages) {
      read += messages
    },
  })
  await sendFramed()
  await eventually(() => worker.readiness() === 'the registry is away')
  await sendUnreadable()
  await own.send(0, 1)
  await eventually(() => worker.readiness()?.includes('cannot be unpacked'))
  expect(sink.of('written', 0)).toEqual(['0-1'])
  expect(read).toBe(2)
})

test('a batch that cannot be read is told, though it came with one that can and nothing comes after it', async () => {
  await own.send(0, 1)
  await sendUnreadable()
  const { sink, worker } = begin()
  await eventually(() => worker.readiness()?.includes('cannot be unpacked'))
  expect(sink.of('written', 0)).toEqual(['0-1'])
})

test('an outage keeps the batch, is told, and ends by itself', async () => {
  const { sink, worker } = await start()
  const away = new UpiError('POSTGRES_UNAVAILABLE', 'away')
  sink.faults.write.push(away, away, away, away)
  await own.send(0, 1)
  await eventually(() => worker.readiness() === 'Postgres is away')
  await sees(sink, 'written', 0, ['0-1'])
  expect(sink.of('write', 0)).toHaveLength(5)
  expect(sink.of('prepare', 0)).toHaveLength(1)
  expect(worker.readiness()).toBe(undefined)
})

test('a stale owner drops what it had prepared and goes on from the stored offset', async () => {
  const { sink } = await start()
  sink.hold(0)
  await own.send(0, 1)
  await sees(sink, 'write', 0, ['0-1'])
  await own.send(0, 1)
  await sees(sink, 'prepare', 0, ['0-1', '1-2'])
  await own.send(0, 2)
  sink.move(0, 3n)
  sink.letGo(0)
  await sees(sink, 'written', 0, ['3-4'])
  expect(sink.of('write', 0)).toEqual(['0-1', '3-4'])
})

test('after a rebalance a partition is placed when its write in flight has ended', async () => {
  const first = await start()
  for (const partition of [0, 1]) {
    first.sink.hold(partition)
    await own.send(partition, 1)
    await sees(first.sink, 'write', partition, ['0-1'])
  }
  first.sink.calls.length = 0
  const second = await start()
  // Only what it does not have is placed before the writes end; and the watch looks now and then.
  const written = () => first.sink.calls.filter((call) => !call.startsWith('find'))
  expect(written()).toEqual([])
  for (const partition of [0, 1]) first.sink.letGo(partition)
  await eventually(() => first.worker.readiness() === undefined)
  expect(written().slice(0, 2).toSorted()).toEqual(['written 0: 0-1', 'written 1: 0-1'])
  expect(second.worker.readiness()).toBe(undefined)
})

test('who is stopped finishes the write in hand, drops the rest, and tells Kafka how far it got', async () => {
  const { sink, stop } = await start()
  sink.hold(0)
  await own.send(0, 1)
  await sees(sink, 'write', 0, ['0-1'])
  await own.send(0, 1)
  await sees(sink, 'prepare', 0, ['0-1', '1-2'])
  const stopped = stop()
  sink.letGo(0)
  await stopped
  expect(sink.of('written', 0)).toEqual(['0-1'])
  const [found] = await own.admin.fetchOffsets({ groupId: own.name, topics: [own.name] })
  expect(found?.partitions.find(({ partition }) => partition === 0)?.offset).toBe('1')
})

test('a bug ends the process instead of leaving an idle one', async () => {
  const { sink, ended } = await start()
  sink.faults.prepare.push(new TypeError('a bug'))
  await own.send(0, 1)
  await expect(ended).rejects.toThrow('a bug')
})

test('a broker that wants longer sessions gets them', async () => {
  const joined = Promise.withResolvers<readonly number[]>()
  const consumer = new GroupConsumer({
    kafka: own.kafka,
    group: own.name,
    topic: own.name,
    log,
    hand: new BytesInHand(),
    // Shorter than the local broker admits.
    sessionMs: [600, 3_000],
    onAssigned: joined.resolve,
    onLeft: () => {},
    onBatch: async () => {},
    onFatal: joined.reject,
  })
  await consumer.join()
  expect(await joined.promise).toEqual([0, 1])
  await consumer.stop()
})
