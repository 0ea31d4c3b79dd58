import type { IngestBench } from '../../cli/commands/bench.ts'
import { note, print, printTable } from '../../cli/output.ts'
import type { Books } from './check-books.ts'
import type { CpuReading } from './cpu.ts'
import { EVENTS_PER_SECOND, type MixTally } from './message-mix.ts'
import {
  type Circumstances,
  circumstancesText,
  type Spread,
  spreadOf,
  writeResults,
} from './results.ts'
import type { FloorKind, FloorRun } from './run-floor.ts'
import type { IngestRun } from './run-ingest.ts'

/** All that `bench ingest` has measured. */
export interface IngestResult {
  readonly circumstances: Circumstances
  readonly options: IngestBench
  readonly sent: MixTally
  readonly books: Books | undefined
  /** By the topic's partitions. */
  readonly runs: ReadonlyMap<number, readonly IngestRun[]>
  readonly floors: Readonly<Record<FloorKind, readonly FloorRun[]>>
}

interface Row {
  readonly what: string
  readonly perSecond: Spread
  /** Of this row's rate to that of the floor as migrated, round by round. */
  readonly ofFloor: Spread | null
  readonly cpu: CpuReading
  readonly peakMib: number | null
}

/** Prints the table and, after a full bench, writes it to the results. */
export function reportIngest(result: IngestResult): void {
  const rows = rowsOf(result)
  printTable(
    rows,
    COLUMNS.map(([title, value], index) => ({
      title,
      value,
      align: index === 0 ? ('left' as const) : ('right' as const),
    })),
  )
  const { options, sent, books, circumstances } = result
  print()
  print(mixText(sent))
  const isFull = options.save && options.floor && options.profile === undefined
  if (!isFull) return
  const { runs, floors } = result
  const machine = {
    ...circumstances,
    options,
    events_per_second: EVENTS_PER_SECOND,
    sent,
    books,
    medians: rows,
    runs: Object.fromEntries(runs),
    floors,
  }
  note(`written to ${writeResults('ingest', machine, pageOf(result, rows))}`)
}

const COLUMNS: readonly [string, (row: Row) => string][] = [
  ['what', ({ what }) => what],
  ['messages/s', ({ perSecond }) => String(Math.round(perSecond.median))],
  ['least–most', ({ perSecond: { least, most } }) => `${Math.round(least)}–${Math.round(most)}`],
  ['of the floor', ({ ofFloor }) => ratioText(ofFloor)],
  ['worker CPU s/M', ({ cpu }) => secondsText(cpu.worker)],
  ['Postgres CPU s/M', ({ cpu }) => secondsText(cpu.postgres)],
  ['Kafka CPU s/M', ({ cpu }) => secondsText(cpu.kafka)],
  ['peak MiB', ({ peakMib }) => (peakMib === null ? '' : String(peakMib))],
]

function rowsOf({ runs, floors }: IngestResult): Row[] {
  const floor = floors.migrated.map(({ perSecond }) => perSecond)
  const ingest = [...runs].map(([partitions, each]) => ({
    what: `one worker, ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`,
    perSecond: spreadOf(each.map(({ perSecond }) => perSecond)),
    ofFloor: ratioOf(
      each.map(({ perSecond }) => perSecond),
      floor,
    ),
    cpu: medianCpu(each.map(({ cpu }) => cpu)),
    peakMib: mebibytes(each.map(({ peakBytes }) => peakBytes)),
  }))
  const copies = (['migrated', 'keys'] as const)
    .filter((kind) => floors[kind].length > 0)
    .map((kind) => ({
      what: kind === 'migrated' ? 'floor: COPY as migrated' : 'floor: COPY, primary keys only',
      perSecond: spreadOf(floors[kind].map(({ perSecond }) => perSecond)),
      ofFloor: ratioOf(
        floors[kind].map(({ perSecond }) => perSecond),
        floor,
      ),
      cpu: {
        worker: null,
        postgres: medianOf(floors[kind].map(({ postgresCpu }) => postgresCpu)),
        kafka: null,
      },
      peakMib: null,
    }))
  return [...ingest, ...copies]
}

function ratioOf(rates: readonly number[], floor: readonly number[]): Spread | null {
  if (floor.length === 0) return null
  const { least, most } = spreadOf(rates.map((rate, round) => rate / (floor[round] as number)))
  return { median: spreadOf(rates).median / spreadOf(floor).median, least, most }
}

function medianCpu(readings: readonly CpuReading[]): CpuReading {
  return {
    worker: medianOf(readings.map(({ worker }) => worker)),
    postgres: medianOf(readings.map(({ postgres }) => postgres)),
    kafka: medianOf(readings.map(({ kafka }) => kafka)),
  }
}

function medianOf(values: readonly (number | null)[]): number | null {
  const seen = values.filter((value) => value !== null)
  return seen.length === 0 ? null : spreadOf(seen).median
}

function mebibytes(values: readonly (number | null)[]): number | null {
  const seen = values.filter((value) => value !== null)
  return seen.length === 0 ? null : Math.round(Math.max(...seen) / 1024 ** 2)
}

function ratioText(ratio: Spread | null): string {
  if (ratio === null) return ''
  const { median, least, most } = ratio
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`
}

function secondsText(seconds: number | null): string {
  return seconds === null ? '' : seconds.toFixed(1)
}

function mixText({ messages, transactions, updates, duplicates, malformed }: MixTally): string {
  const share = (count: number) => `${((100 * count) / messages).toFixed(1)} %`
  return (
    `${messages} messages of ${transactions} transactions, ${EVENTS_PER_SECOND} a second by event time: ` +
    `${share(updates)} status updates, ${share(duplicates)} duplicates, ${share(malformed)} malformed; books balanced.`
  )
}

function pageOf({ circumstances, options, sent }: IngestResult, rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [
    line(COLUMNS.map(([title]) => title)),
    `|${COLUMNS.map((_, index) => (index === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map((row) => line(COLUMNS.map(([, value]) => value(row)))),
  ]
  return `# Ingest

Made by \`./upi bench ingest\`: medians of ${options.runs} rounds, ${options.framing} messages.

${table.join('\n')}

${mixText(sent)}
Rate and CPU are taken between the worker's first commit and its last; CPU is seconds for a million messages, Postgres' with
all its backends. The floor is COPY of the rows that a run has stored, text at hand, on one connection, 10,000 messages a
transaction, into fresh tables; a message is a row of raw.

${circumstancesText(circumstances)}
`
}
