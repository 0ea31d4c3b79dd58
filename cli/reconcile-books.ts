import type { WorkflowHandle } from '@temporalio/client'
import { UpiError } from '../core/errors.ts'
import { groupIndian } from '../core/money.ts'
import type { Book } from '../platform/books/book.ts'
import { actorOf, loadConfig } from '../platform/config.ts'
import { reconciledDays } from '../workflows/business-day.ts'
import type { ReconcileResult } from '../workflows/reconcile.ts'
import { recordByHand } from './by-hand.ts'
import { formatSpan, note, paint, print, printJson, printTable } from './output.ts'
import { runWorkflow } from './run-workflow.ts'

/** `./upi reconcile` */
export async function reconcileBooks(options: {
  readonly from?: string
  readonly to?: string
  readonly json?: boolean
}): Promise<void> {
  const began = performance.now()
  const config = loadConfig()
  const days = reconciledDays(options, Date.now())
  if (days.to < days.from) {
    throw new UpiError('OPTION_INVALID', `--to ${days.to} lies before --from ${days.from}`)
  }
  const range = `${days.from}..${days.to}`
  await recordByHand(config, 'reconcile', range)
  const result = await runWorkflow<ReconcileResult>(config, {
    isHeavy: true,
    workflow: 'reconcile',
    workflowId: `reconcile/${range}`,
    input: { ...days, actor: actorOf(config) },
    askProgress: progressOf,
  })
  if (options.json === true) printJson(result)
  else printBooks(result, performance.now() - began)
  if (result.state === 'broken') process.exitCode = 1
}

/** What the activity said of itself last. */
async function progressOf(handle: WorkflowHandle): Promise<string> {
  const { raw } = await handle.describe()
  const [payload] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? []
  const said: unknown = payload?.data && JSON.parse(Buffer.from(payload.data).toString())
  return typeof said === 'string' ? said : 'begins'
}

const COLOURS = { balanced: 'green', pending: 'yellow', waits: 'yellow', broken: 'red' } as const

const FOUND: Readonly<Record<Book['state'], (book: Book) => string>> = {
  balanced: () => '',
  pending: ({ line }) => line,
  waits: ({ waiting, keys }) => `waits for rebuild: ${waiting} (${keys.join(', ')})`,
  broken: ({ line, keys }) => (keys.length > 1 ? `${line} (${keys.join(', ')})` : line),
}

function printBooks({ from, to, state, books }: ReconcileResult, millis: number): void {
  printTable(books, [
    { title: 'book', value: ({ name }) => name },
    {
      title: 'checked',
      value: ({ checked, unit }) => `${groupIndian(String(checked))} ${unit}`,
      align: 'right',
    },
    { title: 'state', value: (book) => book.state, style: (book) => COLOURS[book.state] },
    { title: 'seconds', value: ({ seconds = 0 }) => seconds.toFixed(2), align: 'right' },
    { title: 'found', value: (book) => FOUND[book.state](book) },
  ])
  print(`${paint('bold', `${from} to ${to}`)}  ${paint(COLOURS[state], state)}`)
  note(`${books.length} books at one snapshot in ${formatSpan(millis)}`)
  if (state === 'waits') note('fix: ./upi rebuild settles what waits; nothing is lost')
  if (state === 'broken') note('fix: --json names the first places; nothing was changed')
}
