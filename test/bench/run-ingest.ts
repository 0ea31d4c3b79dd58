import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { Progress } from '../../cli/output.ts'
import { withClient } from '../template.ts'
import type { BenchDatabase, BenchPlaces, BenchTopic } from './bench-places.ts'
import { type CpuReading, cpuPerMillion, peakMemory, readCpu } from './cpu.ts'
import type { Measurement } from './measurement.ts'
import { type PlatformProcess, startProcess } from './platform-process.ts'

/** What one worker did with a full topic, from the first commit that was seen to the last. */
export interface IngestRun extends Measurement {
  /** From the start of the process to the first commit. */
  readonly startSeconds: number
  /** Of the worker's whole life, starting included, over all messages. */
  readonly cpuWithStart: CpuReading
}

export interface IngestTask {
  readonly topic: BenchTopic
  readonly database: BenchDatabase
  readonly messages: number
  readonly nodeArgs?: readonly string[]
  readonly signal: AbortSignal
}

/** Runs a worker on a topic until it has written all of it. */
export async function runIngest(places: BenchPlaces, task: IngestTask): Promise<IngestRun> {
  const { topic, database, messages, nodeArgs } = task
  return await withClient(database.url, async (observer) => {
    // So that no run pays for the pages of the one before it.
    await observer.query('checkpoint')
    const worker = startProcess(['stream'], places.envFor(topic, database), nodeArgs)
    const began = markNow(places, worker, 0)
    try {
      const { first, last } = await watch(places, { ...task, worker, observer })
      const steady = last.messages > first.messages ? first : began
      const seconds = (last.at - steady.at) / 1000
      return {
        perSecond: Math.round((last.messages - steady.messages) / seconds),
        seconds,
        startSeconds: (first.at - began.at) / 1000,
        cpu: cpuPerMillion(steady.cpu, last.cpu, last.messages - steady.messages),
        cpuWithStart: cpuPerMillion(began.cpu, last.cpu, messages),
        peakBytes: peakMemory(worker.pid),
      }
    } finally {
      await worker.stop('SIGTERM')
    }
  })
}

interface Mark {
  readonly at: number
  readonly messages: number
  readonly cpu: CpuReading
}

interface Watch extends IngestTask {
  readonly worker: PlatformProcess
  readonly observer: pg.Client
}

// Fine against runs of many seconds, and 40 small queries a second are no load.
const LOOK_EVERY_MS = 25
const STALLED_MS_MAX = 60_000

async function watch(
  places: BenchPlaces,
  { worker, observer, topic, messages, signal }: Watch,
): Promise<{ first: Mark; last: Mark }> {
  const progress = new Progress()
  let first: Mark | undefined
  let seen = 0
  let movedAt = performance.now()
  try {
    for (;;) {
      signal.throwIfAborted()
      const written = await readWritten(observer, topic.name)
      if (written > seen) {
        seen = written
        movedAt = performance.now()
        first ??= markNow(places, worker, written)
        if (written >= messages) return { first, last: markNow(places, worker, written) }
        progress.update(`${topic.partitions} partitions: ${written} of ${messages} messages`)
      }
      worker.check()
      if (performance.now() - movedAt > STALLED_MS_MAX) {
        throw new Error(`the worker stands still at ${seen} of ${messages} messages`)
      }
      await pause(LOOK_EVERY_MS)
    }
  } finally {
    progress.done()
  }
}

/** How many of a topic's messages have been committed; its offsets begin at 0 and have no gaps. */
async function readWritten(client: pg.Client, topic: string): Promise<number> {
  const { rows } = await client.query<{ written: string | null }>({
    name: 'written',
    text: 'select sum(next_offset) as written from ops.stream_offsets where topic = $1',
    values: [topic],
  })
  return Number(rows[0]?.written ?? 0)
}

function markNow(places: BenchPlaces, worker: PlatformProcess, messages: number): Mark {
  const cpu = readCpu({ ...places.servers.processes, worker: worker.pid })
  return { at: performance.now(), messages, cpu }
}
