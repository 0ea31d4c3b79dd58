import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IngestBench } from '../../cli/commands/bench.ts'
import { note } from '../../cli/output.ts'
import type { Shutdown } from '../../platform/shutdown.ts'
import { BenchPlaces, type BenchTopic } from './bench-places.ts'
import { type Books, checkBooks } from './check-books.ts'
import { type IngestResult, reportIngest } from './ingest-report.ts'
import type { MixTally } from './message-mix.ts'
import { preload } from './preload.ts'
import { profilerArgs, reportProfile } from './profile.ts'
import { readCircumstances } from './results.ts'
import { runBench } from './run-bench.ts'
import {
  type FloorKind,
  type FloorRows,
  type FloorRun,
  runFloor,
  takeFloorRows,
} from './run-floor.ts'
import { type IngestRun, runIngest } from './run-ingest.ts'

/*
 * `./upi bench ingest`: one worker, the real process, against a full topic, and in turn with it the floor: COPY of the
 * same rows.
 */

function lastOf({ partitions }: IngestBench): number {
  return partitions.at(-1) as number
}

interface Surroundings {
  readonly sent: MixTally
  readonly folder: string
  readonly signal: Shutdown['signal']
}

/** Runs and floors over the same messages. */
class Ingest {
  readonly #places: BenchPlaces
  readonly #around: Surroundings
  #rows: FloorRows | undefined
  /** Of the last run; each has been checked. */
  books: Books | undefined

  constructor(places: BenchPlaces, around: Surroundings) {
    this.#places = places
    this.#around = around
  }

  async run(topic: BenchTopic, nodeArgs: readonly string[] = []): Promise<IngestRun> {
    const { sent, folder, signal } = this.#around
    const { messages } = sent
    const database = await this.#places.database()
    try {
      const run = await runIngest(this.#places, { topic, database, messages, nodeArgs, signal })
      this.books = await checkBooks(database.url, sent)
      this.#rows ??= await takeFloorRows(database.url, { folder, messages })
      note(`${topic.partitions} partitions: ${run.perSecond} messages/s, books balanced`)
      return run
    } finally {
      await database.drop()
    }
  }

  async floor(kind: FloorKind): Promise<FloorRun> {
    const { signal } = this.#around
    const floor = await runFloor(this.#places, this.#rows as FloorRows, { kind, signal })
    note(`floor, ${kind}: ${floor.perSecond} messages/s`)
    return floor
  }

  async profile(topic: BenchTopic, path: string): Promise<void> {
    const folder = mkdtempSync(join(this.#around.folder, 'profile-'))
    await this.run(topic, profilerArgs(folder))
    reportProfile(folder, path)
    note(`saved ${path}; open it in Chrome's DevTools or VS Code`)
  }
}

await runBench<IngestBench>(async (options, shutdown) => {
  const places = await BenchPlaces.open(shutdown)
  note(`measuring on ${places.about}`)
  const circumstances = await readCircumstances(places)
  const folder = mkdtempSync(join(tmpdir(), 'upi-bench-'))
  shutdown.add('rows of the floor', () => rmSync(folder, { recursive: true, force: true }))

  const partitions = options.profile === undefined ? options.partitions : [lastOf(options)]
  const topics = await Promise.all(partitions.map((each) => places.topic(each)))
  const { count, framing } = options
  const sent = await preload(topics, { count, framing, signal: shutdown.signal })
  const bench = new Ingest(places, { sent, folder, signal: shutdown.signal })
  if (options.profile !== undefined) {
    return await bench.profile(topics[0] as BenchTopic, options.profile)
  }
  const runs = new Map(topics.map((topic) => [topic.partitions, [] as IngestRun[]]))
  const floors: Record<FloorKind, FloorRun[]> = { migrated: [], keys: [] }
  // In turn, so that whatever else the machine does meets all of them.
  for (let round = 0; round < options.runs; round += 1) {
    for (const topic of topics) runs.get(topic.partitions)?.push(await bench.run(topic))
    if (!options.floor) continue
    for (const kind of ['migrated', 'keys'] as const) floors[kind].push(await bench.floor(kind))
  }
  const result: IngestResult = { circumstances, options, sent, books: bench.books, runs, floors }
  reportIngest(result)
})
