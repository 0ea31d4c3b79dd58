import type { LatencyBench } from '../../cli/commands/bench.ts'
import { note, print, printTable } from '../../cli/output.ts'
import { RESTART_DELAY_MS_MIN } from '../../core/stack-limits.ts'
import type { CpuReading } from './cpu.ts'
import { type Circumstances, circumstancesText, writeResults } from './results.ts'

/** What was measured at an even rate; a latency in milliseconds for each payment that was followed. */
export interface LatencyPhase {
  /** What the worker wrote in fact. */
  readonly perSecond: number
  readonly sentinels: number
  /** Processors in use. */
  readonly cores: CpuReading
  readonly fromKafka: readonly number[]
  readonly fromAck: readonly number[]
  readonly fromSend: readonly number[]
}

/** From a kill -9 of the worker to the sight of payments that were sent after it. */
export interface KillResult {
  readonly firstRowSeconds: number
  readonly allPartitionsSeconds: number
}

/** All that `bench latency` has measured. */
export interface LatencyResult {
  readonly circumstances: Circumstances
  readonly options: LatencyBench
  readonly phase: LatencyPhase
  readonly kills: readonly KillResult[]
}

interface Row {
  readonly what: string
  readonly unit: 'ms' | 's'
  readonly values: readonly number[]
}

/** Prints the tables and writes them to the results. */
export function reportLatency(result: LatencyResult): void {
  const { circumstances, options, phase, kills } = result
  const rows = rowsOf(phase, kills)
  printTable(rows, [
    { title: 'what', value: ({ what }) => what },
    ...SHARES.map(([title, share]) => ({
      title,
      value: (row: Row) => textOf(row, share),
      align: 'right' as const,
    })),
  ])
  print()
  print(loadText(result))
  if (!options.save) return
  const { fromKafka, fromAck, fromSend, ...rest } = phase
  const machine = {
    ...circumstances,
    options,
    ...rest,
    latency_ms: {
      from_kafka: summaryOf(fromKafka),
      from_ack: summaryOf(fromAck),
      from_send: summaryOf(fromSend),
    },
    kills,
  }
  note(`written to ${writeResults('latency', machine, pageOf(result, rows))}`)
}

const SHARES: readonly [string, number][] = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['max', 1],
]

function rowsOf({ fromKafka, fromAck, fromSend }: LatencyPhase, kills: readonly KillResult[]) {
  const rows: Row[] = [
    { what: "Kafka's timestamp to visible row", unit: 'ms', values: fromKafka },
    { what: "Kafka's acknowledgement to visible row", unit: 'ms', values: fromAck },
    { what: 'sending to visible row', unit: 'ms', values: fromSend },
    {
      what: 'kill -9 to the first new row',
      unit: 's',
      values: kills.map(({ firstRowSeconds }) => firstRowSeconds),
    },
    {
      what: 'kill -9 to new rows of all partitions',
      unit: 's',
      values: kills.map(({ allPartitionsSeconds }) => allPartitionsSeconds),
    },
  ]
  return rows.filter(({ values }) => values.length > 0)
}

function textOf({ values, unit }: Row, share: number): string {
  return `${percentile(values, share).toFixed(unit === 's' ? 2 : 1)} ${unit}`
}

function summaryOf(values: readonly number[]): Record<string, number> {
  return Object.fromEntries(
    SHARES.map(([title, share]) => [title, Number(percentile(values, share).toFixed(2))]),
  )
}

/** The value that this share of all does not exceed. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

function loadText({ phase, kills }: LatencyResult): string {
  const { perSecond, sentinels, cores } = phase
  const used = (['worker', 'postgres', 'kafka'] as const)
    .map((name) => `${name} ${cores[name] === null ? 'unseen' : cores[name].toFixed(2)}`)
    .join(', ')
  return (
    `${perSecond} messages/s written, ${sentinels} payments followed, ${kills.length} kills; ` +
    `processors in use: ${used}; offsets = raw = books in the end.`
  )
}

function pageOf(result: LatencyResult, rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const { rate, seconds, partitions } = result.options
  const table = [
    line(['what', ...SHARES.map(([title]) => title)]),
    `|---|${SHARES.map(() => '--:').join('|')}|`,
    ...rows.map((row) => line([row.what, ...SHARES.map(([, share]) => textOf(row, share))])),
  ]
  return `# Latency

Made by \`./upi bench latency\`: ${rate} transactions/s of live traffic for ${seconds} s on ${partitions} partitions.

${table.join('\n')}

${loadText(result)}
A payment of our own is sent every 50 ms, to each partition in turn, and looked for in the clean table every millisecond on a
connection that does nothing else: the row is there for every reader. Kafka's timestamp (LogAppendTime) is cut to the
millisecond, so that row is up to 1 ms too long. Of a kill, payments are followed that are sent after it; the worker is started
again ${RESTART_DELAY_MS_MIN} ms later, as the local stack's supervisor does.

${circumstancesText(result.circumstances)}
`
}
