import type { WorkflowHandle } from '@temporalio/client'
import type { Command } from 'commander'
import { UpiError } from '../../core/errors.ts'
import { groupIndian } from '../../core/money.ts'
import { actorOf, loadConfig } from '../../platform/config.ts'
import type {
  RebuildCleanInput,
  RebuildCleanResult,
  RebuildProgress,
} from '../../workflows/rebuild-clean.ts'
import { daysLine } from '../backfill-report.ts'
import { checkRange, dateOption, newCommand } from '../command.ts'
import { note, printJson, printTable } from '../output.ts'
import { runWorkflow } from '../run-workflow.ts'

/** `./upi rebuild` */
export function rebuildCommand(): Command {
  return newCommand(
    'rebuild',
    'Make clean what raw says, then the marts; print what changed and why.',
  )
    .option('--from <day>', 'the first business date', dateOption)
    .option('--to <day>', 'the last business date', dateOption)
    .option('--dry-run', 'only show what would change')
    .option('--json', 'print for machines')
    .addHelpText('after', HELP)
    .action(rebuild)
}

const HELP = `
Every accepted message of raw is read again under the present rules; a row of clean is written only if it differs from what
its messages say, and the marts only of days whose rows have changed. Messages stay accepted: what the present rules would
refuse is read by the rules under which it came. The stream goes on meanwhile. It runs as rebuild-clean/<from>..<to> on
Temporal: Ctrl-C leaves it running, and who asks again joins it. In the Temporal UI: workflow rebuildClean on task queue
upi-heavy, input {"from": "2026-01-01", "to": "2026-01-31"} and if wished "dryRun", "actor".`

interface RebuildOptions {
  readonly from?: string
  readonly to?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

async function rebuild({ from, to, dryRun = false, json }: RebuildOptions): Promise<void> {
  checkRange(from, to)
  if (from === undefined || to === undefined) {
    throw new UpiError('OPTION_INVALID', '--from and --to must be given')
  }
  const config = loadConfig()
  const input: RebuildCleanInput = { from, to, dryRun, actor: actorOf(config) }
  const result = await runWorkflow<RebuildCleanResult>(config, {
    isHeavy: true,
    workflow: 'rebuildClean',
    // One that only looks is not joined by one that is to write.
    workflowId: `rebuild-clean/${from}..${to}${dryRun ? '/dry-run' : ''}`,
    input,
    askProgress,
  })
  if (json === true) printJson(result)
  else printResult(result)
}

async function askProgress(handle: WorkflowHandle): Promise<string> {
  const { startTime } = await handle.describe()
  const { doing, days, of, changed } = await handle.query<RebuildProgress, []>('rebuilding')
  const rate = days / ((Date.now() - startTime.getTime()) / 60_000)
  const line = daysLine({ ended: days, total: of, rate })
  return `${line}; ${doing}, ${groupIndian(String(changed))} transactions changed`
}

interface Line {
  readonly date: string
  readonly reason: string
  readonly transactions: number
  readonly examples: readonly string[]
  readonly isLeft: boolean
}

function printResult({ days, built, dryRun }: RebuildCleanResult): void {
  const linesOf = (
    date: string,
    tallies: RebuildCleanResult['days'][number]['reasons'],
    isLeft: boolean,
  ) => Object.entries(tallies).map(([reason, tally]): Line => ({ date, reason, isLeft, ...tally }))
  const lines = days.flatMap(({ date, reasons, left }) => [
    ...linesOf(date, reasons, false),
    ...linesOf(date, left, true),
  ])
  if (lines.length > 0) {
    printTable(lines, [
      { title: 'day', value: ({ date }) => date },
      { title: 'why', value: ({ reason, isLeft }) => (isLeft ? `left alone: ${reason}` : reason) },
      {
        title: 'transactions',
        value: ({ transactions }) => groupIndian(String(transactions)),
        align: 'right',
      },
      { title: 'such as', value: ({ examples }) => examples.slice(0, 2).join(' ') },
    ])
  }
  const sum = (name: 'transactions' | 'changed') =>
    groupIndian(String(days.reduce((all, day) => all + day[name], 0)))
  const did = dryRun ? 'would change; nothing was written' : 'changed'
  note(
    `${sum('changed')} of ${sum('transactions')} transactions ${did}, by rules ${days[0]?.rulesVersion}`,
  )
  const minutes = days.reduce((all, day) => all + day.minutes, 0)
  if (minutes > 0) note(`${groupIndian(String(minutes))} live figures were not those of clean`)
  if (built.length > 0) note(`marts built again: ${built.join(', ')}`)
}
