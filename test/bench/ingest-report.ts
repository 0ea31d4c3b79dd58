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
import type { ViewersTally } from './viewers.ts'

/** All that `bench ingest` has measured. */
export interface IngestResult {
  readonly circumstances: Circumstances
  readonly options: IngestBench
  readonly sent: MixTally
  readonly books: Books | undefined
  readonly viewed: readonly ViewersTally[]
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
  const { options, sent, books, viewed, circumstances, series } = result
  print()
  print(mixText(sent))
  if (viewed.length > 0) print(viewersText(viewed, rows))
  const isFull = options.floor || options.historyDays > 0 || options.viewers > 0
  if (!options.save || !isFull) return
  const machine = {
    ...circumstances,
    options,
    events_per_second: EVENTS_PER_SECOND,
    sent,
    books,
    ...(viewed.length > 0 ? { viewed } : {}),
    medians: rows,
    runs: series.map(({ what, runs }) => ({ what, runs })),
  }
  note(`written to ${writeResults(nameOf(options), machine, pageOf(result, rows))}`)
}

function nameOf({ viewers, historyDays }: IngestBench): string {
  if (viewers > 0) return 'viewers'
  return historyDays > 0 ? 'ingest-history' : 'ingest'
}

function shareTitle({ viewers, historyDays }: IngestBench): string {
  if (viewers > 0) return 'of the rate without'
  return historyDays > 0 ? 'of the empty rate' : 'of the floor'
}

const columnsOf = (options: IngestBench): readonly [string, (row: Row) => string][] => [
  ['what', ({ what }) => what],
  ['messages/s', ({ perSecond }) => String(Math.round(perSecond.median))],
  ['least–most', ({ perSecond: { least, most } }) => `${Math.round(least)}–${Math.round(most)}`],
  [shareTitle(options), ({ share }) => ratioText(share)],
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

/** What the viewers got, and what they cost: in CPU too, which a busy machine blurs less than it does rates. */
function viewersText(viewed: readonly ViewersTally[], [alone, seen]: readonly Row[]): string {
  const { viewers = 0, statements = 0, rows = 0 } = viewed[0] ?? {}
  const sumOf = (name: 'refreshes' | 'skipped') => viewed.reduce((sum, each) => sum + each[name], 0)
  const median = spreadOf(viewed.map(({ medianMs }) => medianMs)).median
  const most = Math.max(...viewed.map(({ mostMs }) => mostMs))
  const rate = 1 - (seen?.share?.median ?? Number.NaN)
  const cpu = cpuOf(seen) / cpuOf(alone) - 1
  const share = (cost: number) => `${(100 * cost).toFixed(1)} %`
  return (
    `${viewers} viewers of UPI live, every 5 s ${statements} questions with ${rows} rows of answers: ${sumOf('refreshes')} refreshes, ` +
    `${median.toFixed(0)} ms each, ${most.toFixed(0)} ms at most, ${sumOf('skipped')} left out.\n` +
    `They cost ${share(rate)} of the rate` +
    (Number.isFinite(cpu) ? `, and ${share(cpu)} more CPU of worker and Postgres a message.` : '.')
  )
}

function cpuOf(row: Row | undefined): number {
  return (row?.cpu.worker ?? Number.NaN) + (row?.cpu.postgres ?? Number.NaN)
}

function besideText(options: IngestBench): string {
  if (options.viewers > 0) return VIEWERS_TEXT
  return options.historyDays > 0 ? historyText(options) : FLOOR_TEXT
}

const VIEWERS_TEXT = `Runs with and without viewers take turns, each on a database in which the dashboard's half hour is full. What Grafana and
browsers take is not in these figures, but for reading the answers, on the same machine.`

function pageOf(result: IngestResult, rows: readonly Row[]): string {
  const { circumstances, options, sent, viewed } = result
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const columns = columnsOf(options)
  const table = [
    line(columns.map(([title]) => title)),
    `|${columns.map((_, index) => (index === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map((row) => line(columns.map(([, value]) => value(row)))),
  ]
  return `# ${options.viewers > 0 ? 'Ingest with viewers' : 'Ingest'}

Made by \`./upi bench ingest${options.viewers > 0 ? ` --viewers ${options.viewers}` : ''}\`: medians of ${options.runs} ${options.runs === 1 ? 'round' : 'rounds'}, ${options.framing} messages.

${table.join('\n')}

${mixText(sent)}
Rate and CPU are taken between the worker's first commit and its last; CPU is seconds for a million messages, Postgres' with
all its backends.
${besideText(options)}${viewed.length > 0 ? `\n\n${viewersText(viewed, rows)}` : ''}

${circumstancesText(circumstances)}
`
}
