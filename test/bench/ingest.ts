import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IngestBench } from '../../cli/commands/bench.ts'
import { note } from '../../cli/output.ts'
import { addDays, businessDateOf } from '../../core/time.ts'
import { type BenchDatabase, BenchPlaces, type BenchTopic } from './bench-places.ts'
import { type Books, checkBooks } from './check-books.ts'
import { clearBoard, fillBoard } from './fill-board.ts'
import { fillHistory, type History, resetToHistory } from './fill-history.ts'
import { reportIngest } from './ingest-report.ts'
import type { Series } from './measurement.ts'
import { EVENTS_PER_SECOND, type MixTally } from './message-mix.ts'
import { eventsFrom, preload } from './preload.ts'
import { profilerArgs, reportProfile } from './profile.ts'
import { readCircumstances } from './results.ts'
import { runBench } from './run-bench.ts'
import { type FloorKind, type FloorRows, runFloor, takeFloorRows } from './run-floor.ts'
import { runIngest } from './run-ingest.ts'
import { Viewers, type ViewersTally } from './viewers.ts'

/*
 * `./upi bench ingest`: one worker, the real process, against a full topic, and in turn with it the floor, COPY of the
 * same rows; or the same worker with months of older rows beside, or with people who look at the dashboard.
 */

interface Surroundings {
  readonly sent: MixTally
  /** For what is large and passing. */
  readonly folder: string
  readonly signal: AbortSignal
}

interface RunOptions {
  readonly history?: History
  readonly nodeArgs?: readonly string[]
  /** Whether the floor will want what the run has stored. */
  readonly storesRows?: boolean
  /** How many look at the dashboard, perhaps none; without a number there is none to look at. */
  readonly viewers?: number
}

/** Runs and floors over the same messages. */
class Ingest {
  readonly #places: BenchPlaces
  readonly #around: Surroundings
  #rows: FloorRows | undefined
  /** Of the last run; each has been checked. */
  books: Books | undefined
  /** Of all runs that somebody looked at. */
  readonly viewed: ViewersTally[] = []

  constructor(places: BenchPlaces, around: Surroundings) {
    this.#places = places
    this.#around = around
  }

  /** One run in each of the series in turn, again and again: what else the machine does meets all of them. */
  async measure({ runs, floor }: IngestBench, topics: readonly BenchTopic[]): Promise<Series[]> {
    const copies: Series = { what: 'floor: COPY as migrated', runs: [] }
    const keys: Series = { what: 'floor: COPY, primary keys only', runs: [], base: copies }
    const workers = topics.map((topic): Series => ({ what: nameOf(topic), runs: [], base: copies }))
    for (let round = 0; round < runs; round += 1) {
      for (const [index, topic] of topics.entries()) {
        workers[index]?.runs.push(
          await this.#withDatabase((database) => this.#run(topic, database, { storesRows: floor })),
        )
      }
      if (!floor) continue
      copies.runs.push(await this.#floor('migrated'))
      keys.runs.push(await this.#floor('keys'))
    }
    return [...workers, copies, keys]
  }

  /** The same with older days in the tables, in turn with runs on empty ones. */
  async measureHistory(options: IngestBench, topics: readonly BenchTopic[]): Promise<Series[]> {
    const { historyDays: days, historyRows: rows, runs } = options
    const lastDay = addDays(businessDateOf(eventsFrom(Date.now()) * 1000), -1)
    const history: History = { days, rows, lastDay }
    const full = await this.#places.database()
    await fillHistory(full.url, history, this.#around.signal)
    const series: Series[] = []
    for (const topic of topics) {
      const empty: Series = { what: `${nameOf(topic)}, empty tables`, runs: [] }
      const what = `${nameOf(topic)}, ${days} days before`
      const filled: Series = { what, runs: [], base: empty }
      series.push(empty, filled)
      for (let round = 0; round < runs; round += 1) {
        empty.runs.push(await this.#withDatabase((database) => this.#run(topic, database)))
        filled.runs.push(await this.#run(topic, full, { history }))
        await resetToHistory(full.url, history)
      }
    }
    return series
  }

  /** With people who look at the dashboard, in turn with runs that nobody looks at; each is first as often. */
  async measureViewers({ runs, viewers }: IngestBench, topic: BenchTopic): Promise<Series[]> {
    const alone: Series = { what: `${nameOf(topic)}, no viewers`, runs: [] }
    const seen: Series = { what: `${nameOf(topic)}, ${viewers} viewers`, runs: [], base: alone }
    const run = async (series: Series, count: number) => {
      series.runs.push(
        await this.#withDatabase((database) => this.#run(topic, database, { viewers: count })),
      )
    }
    for (let round = 0; round < runs; round += 1) {
      const order = [() => run(alone, 0), () => run(seen, viewers)]
      for (const next of round % 2 === 0 ? order : order.toReversed()) await next()
    }
    return [alone, seen]
  }

  async profile(topic: BenchTopic, path: string): Promise<void> {
    const folder = mkdtempSync(join(this.#around.folder, 'profile-'))
    const nodeArgs = profilerArgs(folder)
    await this.#withDatabase((database) => this.#run(topic, database, { nodeArgs }))
    reportProfile(folder, path)
    note(`saved ${path}; open it in Chrome's DevTools or VS Code`)
  }

  async #run(
    topic: BenchTopic,
    database: BenchDatabase,
    { history, nodeArgs = [], storesRows = false, viewers }: RunOptions = {},
  ) {
    const { sent, folder, signal } = this.#around
    const { messages } = sent
    const ingest = () => runIngest(this.#places, { topic, database, messages, nodeArgs, signal })
    const run = await (viewers === undefined ? ingest() : this.#seenBy(viewers, database, ingest))
    this.books = await checkBooks(database.url, sent, history?.lastDay)
    if (storesRows) this.#rows ??= await takeFloorRows(database.url, { folder, messages })
    const beside = history === undefined ? '' : ' beside history'
    note(`${nameOf(topic)}${beside}: ${run.perSecond} messages/s, books balanced`)
    return run
  }

  /** With a filled dashboard, at which so many look meanwhile. */
  async #seenBy<T>(count: number, database: BenchDatabase, work: () => Promise<T>): Promise<T> {
    const bench = new Date(eventsFrom(Date.now()))
    const to = new Date(bench.getTime() + (this.#around.sent.messages / EVENTS_PER_SECOND) * 1000)
    const span = { from: new Date(to.getTime() - HALF_HOUR_MS), bench }
    await fillBoard(database.url, span)
    const viewers = new Viewers(database.reportUrl, { count, to })
    let result: T
    try {
      result = await work()
    } finally {
      const tally = await viewers.stop()
      if (count > 0) this.viewed.push(tally)
    }
    await clearBoard(database.url, span)
    return result
  }

  async #floor(kind: FloorKind) {
    const { signal } = this.#around
    const floor = await runFloor(this.#places, this.#rows as FloorRows, { kind, signal })
    note(`floor, ${kind}: ${floor.perSecond} messages/s`)
    return floor
  }

  async #withDatabase<T>(work: (database: BenchDatabase) => Promise<T>): Promise<T> {
    const database = await this.#places.database()
    try {
      return await work(database)
    } finally {
      await database.drop()
    }
  }
}

// What the dashboard shows when it is opened.
const HALF_HOUR_MS = 30 * 60_000

function nameOf({ partitions }: BenchTopic): string {
  return `one worker, ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`
}

async function measure(
  bench: Ingest,
  options: IngestBench,
  topics: readonly BenchTopic[],
): Promise<Series[]> {
  if (options.viewers > 0) return await bench.measureViewers(options, topics[0] as BenchTopic)
  if (options.historyDays > 0) return await bench.measureHistory(options, topics)
  return await bench.measure(options, topics)
}

await runBench<IngestBench>(async (options, shutdown) => {
  const places = await BenchPlaces.open(shutdown)
  note(`measuring on ${places.servers.about}`)
  const circumstances = await readCircumstances(places)
  const folder = mkdtempSync(join(tmpdir(), 'upi-bench-'))
  shutdown.add('passing files', () => rmSync(folder, { recursive: true, force: true }))
  const { count, framing, profile } = options
  const isOneTopic = profile !== undefined || options.viewers > 0
  const partitions = isOneTopic ? options.partitions.slice(-1) : options.partitions
  const topics = await Promise.all(partitions.map((each) => places.topic(each)))
  const { signal } = shutdown
  const sent = await preload(topics, { count, framing, signal })
  const bench = new Ingest(places, { sent, folder, signal })
  if (profile !== undefined) return await bench.profile(topics[0] as BenchTopic, profile)
  const series = await measure(bench, options, topics)
  reportIngest({ circumstances, options, sent, books: bench.books, viewed: bench.viewed, series })
})
