import type { IngestBench } from '../../cli/commands/bench.ts'
import { note, print, printTable } from '../../cli/output.ts'
import type { Books } from './check-books.ts'
import type { CpuReading } from './cpu.ts'
import type { Series } from './measurement.ts'
import { EVENTS_PER_SECOND, type MixTally } from './message-mix.ts'
import {
  type Circumstances,
  circumstancesText,
  type Spread,
  spreadOf,
  writeResults,
} from './results.ts'

/** All that `bench ingest` has measured. */
export interface IngestResult {
  readonly circumstances: Circumstances
  readonly options: IngestBench
  readonly sent: MixTally
  readonly books: Books | undefined
  readonly series: readonly Series[]
}

interface Row {
  readonly what: string
  readonly perSecond: Spread
  /** Of this row's rate to that of its base, round by round. */
  readonly share: Spread | null
  readonly cpu: CpuReading
  readonly peakMib: number | null
}

/** Prints the table and, after a full bench, writes it to the results. */
export function reportIngest(result: IngestResult): void {
  const rows = result.series.filter(({ runs }) => runs.length > 0).map(rowOf)
  printTable(
    rows,
    columnsOf(result.options).map(([title, value], index) => ({
      title,
      value,
      align: index === 0 ? ('left' as const) : ('right' as const),
    })),
  )
  const { options, sent, books, circumstances, series } = result
  print()
  print(mixText(sent))
  if (!options.save || !(options.floor || options.historyDays > 0)) return
  const machine = {
    ...circumstances,
    options,
    events_per_second: EVENTS_PER_SECOND,
    sent,
    books,
    medians: rows,
    runs: series.map(({ what, runs }) => ({ what, runs })),
  }
  const name = options.historyDays > 0 ? 'ingest-history' : 'ingest'
  note(`written to ${writeResults(name, machine, pageOf(result, rows))}`)
}

const columnsOf = ({ historyDays }: IngestBench): readonly [string, (row: Row) => string][] => [
  ['what', ({ what }) => what],
  ['messages/s', ({ perSecond }) => String(Math.round(perSecond.median))],
  ['least–most', ({ perSecond: { least, most } }) => `${Math.round(least)}–${Math.round(most)}`],
  [historyDays > 0 ? 'of the empty rate' : 'of the floor', ({ share }) => ratioText(share)],
  ['worker CPU s/M', ({ cpu }) => secondsText(cpu.worker)],
  ['Postgres CPU s/M', ({ cpu }) => secondsText(cpu.postgres)],
  ['Kafka CPU s/M', ({ cpu }) => secondsText(cpu.kafka)],
  ['peak MiB', ({ peakMib }) => (peakMib === null ? '' : String(peakMib))],
]

function rowOf({ what, runs, base }: Series): Row {
  const rates = runs.map(({ perSecond }) => perSecond)
  return {
    what,
    perSecond: spreadOf(rates),
    share: base === undefined || base.runs.length === 0 ? null : shareOf(rates, base),
    cpu: medianCpu(runs.map(({ cpu }) => cpu)),
    peakMib: mebibytes(runs.map(({ peakBytes }) => peakBytes)),
  }
}

function shareOf(rates: readonly number[], { runs }: Series): Spread {
  const base = runs.map(({ perSecond }) => perSecond)
  const { least, most } = spreadOf(rates.map((rate, round) => rate / (base[round] as number)))
  return { median: spreadOf(rates).median / spreadOf(base).median, least, most }
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

const FLOOR_TEXT = `The floor is COPY of the rows that a run has stored, text at hand, on one connection, 10,000 messages a
transaction, into fresh tables as migrated; a message is a row of raw.`

function historyText({ historyDays, historyRows }: IngestBench): string {
  return `With history, the ${historyDays} days before hold ${historyRows} rows, half of them clean, half raw (without payloads). The empty
rate is that of the same run on empty tables, in turn with it.`
}

function pageOf({ circumstances, options, sent }: IngestResult, rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const columns = columnsOf(options)
  const table = [
    line(columns.map(([title]) => title)),
    `|${columns.map((_, index) => (index === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map((row) => line(columns.map(([, value]) => value(row)))),
  ]
  return `# Ingest

Made by \`./upi bench ingest\`: medians of ${options.runs} ${options.runs === 1 ? 'round' : 'rounds'}, ${options.framing} messages.

${table.join('\n')}

${mixText(sent)}
Rate and CPU are taken between the worker's first commit and its last; CPU is seconds for a million messages, Postgres' with
all its backends.
${options.historyDays > 0 ? historyText(options) : FLOOR_TEXT}

${circumstancesText(circumstances)}
`
}
