import type { Command } from 'commander'
import { groupIndian } from '../../core/money.ts'
import type { DailyUpiSummary } from '../../models/marts/daily_upi_summary.ts'
import { actorOf, type Config, loadConfig } from '../../platform/config.ts'
import { readDailySummary, readDayStatus } from '../../platform/queries/days.ts'
import { dayThatEnded } from '../../workflows/business-day.ts'
import type { DailyUpiAggregationResult } from '../../workflows/daily-upi-aggregation.ts'
import { recordByHand, withModelDatabase } from '../by-hand.ts'
import { dateOption, newCommand } from '../command.ts'
import { formatSpan, note, paint, print, printJson, printTable } from '../output.ts'
import { runWorkflow } from '../run-workflow.ts'

/** `./upi aggregate` */
export function aggregateCommand(): Command {
  return newCommand(
    'aggregate',
    'Build one business day through Temporal, wait, and print its figures.',
  )
    .option('--date <day>', 'business date; by default yesterday in India', dateOption)
    .option('--json', 'print for machines')
    .addHelpText('after', HELP)
    .action(aggregate)
}

const HELP = `
A day that is over is closed, once the stream has written what Kafka holds; one that is not is built as provisional. Ctrl-C
leaves it running, and who asks again joins it. In the Temporal UI: workflow dailyUpiAggregation on task queue upi, id
daily-upi-aggregation/<date>, input {"date": "2026-02-01", "actor": "asha"}; both may be left out.`

async function aggregate(options: { date?: string; json?: boolean }): Promise<void> {
  const began = performance.now()
  const config = loadConfig()
  const date = options.date ?? dayThatEnded(Date.now())
  const { state, books } = await runDay(config, date)
  const { figures, status } = await withModelDatabase(config, async (db) => ({
    figures: await readDailySummary(db, date),
    status: await readDayStatus(db, date),
  }))
  if (options.json === true) {
    printJson({ date, state, books, revision: status.revision, ...forMachines(figures) })
    return
  }
  const isFinal = state === 'closed' ? paint('green', 'closed') : paint('yellow', 'provisional')
  print(`${paint('bold', date)}  ${isFinal}  built in ${formatSpan(performance.now() - began)}`)
  if (figures === undefined) print('no traffic on this day')
  else printFigures(figures)
  if (books === 'broken') {
    note(`books broken; fix: ./upi reconcile --from ${date} --to ${date} shows where`)
  }
}

/** Starts the day's run, or joins the one that is under way, and waits for it. */
async function runDay(config: Config, date: string): Promise<DailyUpiAggregationResult> {
  await recordByHand(config, 'aggregate', date)
  return await runWorkflow<DailyUpiAggregationResult>(config, {
    workflow: 'dailyUpiAggregation',
    workflowId: `daily-upi-aggregation/${date}`,
    input: { date, actor: actorOf(config) },
  })
}

interface Line {
  readonly name: string
  readonly figure: string
  readonly share?: string
}

function printFigures(day: DailyUpiSummary): void {
  const share = (txns: string) => percent(Number(txns) / Number(day.total_txns))
  const lines: Line[] = [
    { name: 'payments', figure: groupIndian(day.total_txns) },
    { name: '  success', figure: groupIndian(day.success_txns), share: share(day.success_txns) },
    { name: '  failed', figure: groupIndian(day.failed_txns), share: share(day.failed_txns) },
    { name: '  pending', figure: groupIndian(day.pending_txns), share: share(day.pending_txns) },
    { name: '  reversed', figure: groupIndian(day.reversed_txns), share: share(day.reversed_txns) },
    { name: 'success of final ones', figure: '', share: percent(day.terminal_success_rate) },
    { name: 'declined, technical', figure: groupIndian(day.td_txns), share: share(day.td_txns) },
    { name: 'declined, business', figure: groupIndian(day.bd_txns), share: share(day.bd_txns) },
    { name: 'amount, success', figure: rupees(day.total_amount) },
    { name: 'amount, attempted', figure: rupees(day.attempted_amount) },
    { name: 'refunds', figure: groupIndian(day.refund_txns) },
    { name: 'amount, refunded', figure: rupees(day.refund_amount) },
    { name: 'amount, net', figure: rupees(day.net_amount) },
    { name: 'average ticket', figure: rupees(day.avg_ticket) },
    { name: 'payers', figure: groupIndian(day.unique_payers) },
    { name: 'payees', figure: groupIndian(day.unique_payees) },
    { name: 'latency p50', figure: millis(day.p50_latency_ms) },
    { name: 'latency p95', figure: millis(day.p95_latency_ms) },
    { name: 'latency p99', figure: millis(day.p99_latency_ms) },
  ]
  printTable(lines, [
    { title: '', value: ({ name }) => name },
    { title: '', value: ({ figure }) => figure, align: 'right' },
    { title: '', value: (line) => line.share, align: 'right' },
  ])
}

function percent(fraction: string | number | null): string {
  const number = Number(fraction ?? Number.NaN)
  return Number.isFinite(number) ? `${(number * 100).toFixed(2)} %` : '–'
}

function rupees(amount: string | null): string {
  return amount === null ? '–' : `₹ ${groupIndian(amount)}`
}

function millis(latency: string | null): string {
  return latency === null ? '–' : `${groupIndian(latency)} ms`
}

// Counts and latencies are numbers, money and rates stay exact text.
function forMachines(day: DailyUpiSummary | undefined): Record<string, unknown> {
  if (day === undefined) return { total_txns: 0, total_amount: '0.00' }
  const { date: _, ...figures } = day
  const isWhole = (name: string) => /_(txns|payers|payees|latency_ms)$/.test(name)
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      isWhole(name) && value !== null ? Number(value) : value,
    ]),
  )
}
