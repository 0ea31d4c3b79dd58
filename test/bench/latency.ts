import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { LatencyBench } from '../../cli/commands/bench.ts'
import { note, Progress } from '../../cli/output.ts'
import { RESTART_DELAY_MS_MIN } from '../../core/stack-limits.ts'
import { withClient } from '../template.ts'
import { type BenchDatabase, BenchPlaces, type BenchTopic } from './bench-places.ts'
import { type CpuReading, readCpu } from './cpu.ts'
import { type KillResult, type LatencyPhase, reportLatency } from './latency-report.ts'
import { type PlatformProcess, startProcess } from './platform-process.ts'
import { readCircumstances } from './results.ts'
import { runBench } from './run-bench.ts'
import { type Sentinel, Sentinels } from './sentinels.ts'

/*
 * `./upi bench latency`: live traffic by the real producer, one worker, and payments that are followed until their rows
 * are seen; then the worker is killed, again and again, and started as the local stack's supervisor would.
 */

interface Stage {
  readonly places: BenchPlaces
  readonly topic: BenchTopic
  readonly database: BenchDatabase
  readonly sentinels: Sentinels
  readonly signal: AbortSignal
  worker: PlatformProcess
  readonly traffic: PlatformProcess
}

// 20 a second: enough for a p99 of a minute, and 2 % of the traffic.
const SENTINEL_EVERY_MS = 50
// Compilers and caches of worker and broker are warm after this.
const WARM_UP_MS_MAX = 5_000
const BETWEEN_KILLS_MS = 3_000

async function measureLatency(
  stage: Stage,
  observer: pg.Client,
  seconds: number,
): Promise<LatencyPhase> {
  const { sentinels, signal, worker, places } = stage
  const how = { everyMs: SENTINEL_EVERY_MS, signal, check: checkOf(stage) }
  const warmUpMs = Math.min(WARM_UP_MS_MAX, seconds * 1000)
  await sentinels.sendUntil(performance.now() + warmUpMs, how)
  const skipped = sentinels.all.length
  const watched = { ...places.servers.processes, worker: worker.pid }
  const [cpu, began] = [readCpu(watched), performance.now()]
  const written = await readMessages(observer)
  note(`measuring for ${seconds} s`)
  await sentinels.sendUntil(began + seconds * 1000, how)
  const elapsed = (performance.now() - began) / 1000
  const measured = sentinels.all.slice(skipped)
  return {
    perSecond: Math.round(((await readMessages(observer)) - written) / elapsed),
    sentinels: measured.length,
    cores: coresOf(cpu, readCpu(watched), elapsed),
    ...(await readLatencies(observer, measured)),
  }
}

/** Latencies of payments that have been seen, in milliseconds. */
async function readLatencies(observer: pg.Client, sentinels: readonly Sentinel[]) {
  const { rows } = await observer.query<{ id: string; kafka_ms: string }>(
    `select txn_id as id, extract(epoch from kafka_timestamp) * 1000 as kafka_ms
       from raw_upi_transactions where txn_id = any($1)`,
    [sentinels.map(({ id }) => id)],
  )
  const kafkaMs = new Map(rows.map((row) => [row.id, Number(row.kafka_ms)]))
  const seen = sentinels.map(({ id, sentAt, ackedAt = Number.NaN, visibleAt = Number.NaN }) => ({
    fromSend: visibleAt - sentAt,
    fromAck: visibleAt - ackedAt,
    fromKafka: performance.timeOrigin + visibleAt - (kafkaMs.get(id) ?? Number.NaN),
  }))
  return {
    fromKafka: seen.map(({ fromKafka }) => fromKafka),
    fromAck: seen.map(({ fromAck }) => fromAck),
    fromSend: seen.map(({ fromSend }) => fromSend),
  }
}

/** Kills the worker and waits until payments that were sent afterwards are seen, from each partition. */
async function measureKill(stage: Stage): Promise<KillResult> {
  const { sentinels, signal, topic, places, database } = stage
  await pause(BETWEEN_KILLS_MS, undefined, { signal })
  const killedAt = performance.now()
  await stage.worker.stop('SIGKILL')
  const first = sentinels.all.length
  for (let partition = 0; partition < topic.partitions; partition += 1) sentinels.send(partition)
  await pause(RESTART_DELAY_MS_MIN, undefined, { signal })
  stage.worker = startProcess(['stream'], places.envFor(topic, database))
  await sentinels.untilSeen(signal, checkOf(stage))
  const seenAt = sentinels.all.slice(first).map(({ visibleAt }) => visibleAt as number)
  return {
    firstRowSeconds: (Math.min(...seenAt) - killedAt) / 1000,
    allPartitionsSeconds: (Math.max(...seenAt) - killedAt) / 1000,
  }
}

function checkOf(stage: Stage): () => void {
  return () => {
    stage.worker.check()
    stage.traffic.check()
  }
}

async function readMessages(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ messages: string | null }>(
    'select sum(messages) as messages from ops.stream_batches',
  )
  return Number(rows[0]?.messages ?? 0)
}

function coresOf(from: CpuReading, to: CpuReading, seconds: number): CpuReading {
  const used = (before: number | null, after: number | null) =>
    before === null || after === null ? null : (after - before) / seconds
  return {
    worker: used(from.worker, to.worker),
    postgres: used(from.postgres, to.postgres),
    kafka: used(from.kafka, to.kafka),
  }
}

/** Every offset has been read once and is in the books, whatever was killed. */
async function checkNothingLost(observer: pg.Client): Promise<void> {
  const { rows } = await observer.query<{ offsets: string; raw: string; booked: string }>(
    `select (select sum(next_offset) from ops.stream_offsets) as offsets,
            (select count(*) from raw_upi_transactions) as raw,
            (select sum(accepted + rejected) from ops.stream_batches) as booked`,
  )
  const { offsets, raw, booked } = rows[0] ?? {}
  if (offsets === raw && raw === booked) return
  throw new Error(`the books do not balance: offsets ${offsets}, raw ${raw}, booked ${booked}`)
}

await runBench<LatencyBench>(async (options, shutdown) => {
  const { rate, seconds, kill, partitions } = options
  const places = await BenchPlaces.open(shutdown)
  note(`measuring on ${places.servers.about}`)
  const circumstances = await readCircumstances(places)
  const topic = await places.topic(partitions)
  const database = await places.database()
  const { signal } = shutdown
  await withClient(database.url, async (observer) => {
    const sentinels = await Sentinels.open(topic, observer)
    shutdown.add('sentinels', () => sentinels.close())
    const env = places.envFor(topic, database)
    const traffic = startProcess(['generate', '--rate', String(rate), '--framing', 'plain'], env)
    const stage = {
      places,
      topic,
      database,
      sentinels,
      signal,
      traffic,
      worker: startProcess(['stream'], env),
    }
    try {
      const phase = await measureLatency(stage, observer, seconds)
      const kills: KillResult[] = []
      const progress = new Progress()
      for (let killed = 0; killed < kill; killed += 1) {
        progress.update(`killing the worker: ${killed + 1} of ${kill}`)
        kills.push(await measureKill(stage))
      }
      progress.done()
      await traffic.stop('SIGTERM')
      await stage.worker.stop('SIGTERM')
      await checkNothingLost(observer)
      reportLatency({ circumstances, options, phase, kills })
    } finally {
      await traffic.stop('SIGKILL')
      await stage.worker.stop('SIGKILL')
    }
  })
})
