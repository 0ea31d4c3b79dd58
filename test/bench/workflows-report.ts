import type { WorkflowsBench } from '../../cli/commands/bench.ts'
import { note, print, printTable } from '../../cli/output.ts'
import { STACK_VERSIONS } from '../../platform/stack/index.ts'
import {
  type Circumstances,
  circumstancesText,
  type Spread,
  spreadOf,
  writeResults,
} from './results.ts'
import type { RunTiming, Task } from './workflow-days.ts'

/** All that `bench workflows` has measured. */
export interface WorkflowsResult {
  readonly circumstances: Circumstances
  readonly options: WorkflowsBench
  /** The version of psql, if it was measured. */
  readonly psql: string | undefined
  readonly tasks: readonly Task[]
}

interface Row {
  readonly what: string
  readonly target: string
  readonly times: number
  readonly workflow: Spread
  readonly bare: Spread
  /** Of the workflow's time to that of its statements alone, one after the other measured. */
  readonly ofBare: Spread
  readonly psql: Spread | null
  /** Mean CPU milliseconds for a day. */
  readonly cpu: { readonly workflow: RunTiming['cpu']; readonly bare: number | null }
}

type Columns = readonly [string, (row: Row) => string][]

const COLUMNS: Columns = [
  ['what', ({ what }) => what],
  ['workflow s', ({ workflow }) => spreadText(workflow, 3)],
  ['target', ({ target }) => target],
  ['bare SQL s', ({ bare }) => spreadText(bare, 3)],
  ['of bare', ({ ofBare }) => spreadText(ofBare, 2)],
  ['psql s', ({ psql }) => (psql === null ? '' : spreadText(psql, 2))],
  ['CPU ms a day, worker + Temporal + Postgres : bare', ({ cpu }) => cpuText(cpu)],
  ['times', ({ times }) => String(times)],
]

/** Prints the table and, after a full bench, writes it to the results. */
export function reportWorkflows(result: WorkflowsResult): void {
  const { circumstances, options, psql, tasks } = result
  const rows = tasks.map(rowOf)
  const columns = COLUMNS.filter(([title]) => options.floor || title !== 'psql s')
  printTable(
    rows,
    columns.map(([title, value], index) => ({
      title,
      value,
      align: index === 0 ? ('left' as const) : ('right' as const),
    })),
  )
  print()
  print(dataText(options))
  if (!options.save || !options.floor) return
  const machine = {
    ...circumstances,
    temporal: STACK_VERSIONS.temporal,
    ...{ psql, options, medians: rows, runs: tasks },
  }
  note(`written to ${writeResults('workflows', machine, pageOf(result, rows, columns))}`)
}

function rowOf({ what, target, days, workflow, bare, psql }: Task): Row {
  const [ours, plain] = [workflow.map(secondsOf), bare.map(secondsOf)]
  return {
    ...{ what, target, times: workflow.length },
    workflow: spreadOf(ours),
    bare: spreadOf(plain),
    ofBare: spreadOf(ours.map((time, nth) => time / (plain[nth] as number))),
    psql: psql.length === 0 ? null : spreadOf(psql),
    cpu: {
      workflow: {
        worker: cpuOfDay(workflow, days, 'worker'),
        temporal: cpuOfDay(workflow, days, 'temporal'),
        postgres: cpuOfDay(workflow, days, 'postgres'),
      },
      bare: cpuOfDay(bare, days, 'postgres'),
    },
  }
}

function secondsOf({ seconds }: RunTiming): number {
  return seconds
}

// The kernel counts in hundredths of a second: a mean, for the median of short runs would be one of those.
function cpuOfDay(
  timings: readonly RunTiming[],
  days: number,
  name: keyof RunTiming['cpu'],
): number | null {
  const seen = timings.flatMap(({ cpu }) => cpu[name] ?? [])
  if (seen.length === 0) return null
  const seconds = seen.reduce((sum, each) => sum + each, 0) / seen.length
  return Number(((seconds / days) * 1000).toFixed(1))
}

function spreadText({ median, least, most }: Spread, digits: number): string {
  if (least === most) return median.toFixed(digits)
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`
}

function cpuText({ workflow, bare }: Row['cpu']): string {
  const shown = (value: number | null) => (value === null ? 'unseen' : String(value))
  const { worker, temporal, postgres } = workflow
  return `${[worker, temporal, postgres].map(shown).join(' + ')} : ${shown(bare)}`
}

function dataText({ rows, days, merchants }: WorkflowsBench): string {
  return (
    `Days with rows: ${rows} transactions on ${days} days, ${merchants} merchants; 35 % between persons, 1 % refunds. ` +
    'After each run every day was closed, its books balanced, and the marts equal.'
  )
}

function pageOf(
  { circumstances, options, psql }: WorkflowsResult,
  rows: readonly Row[],
  columns: Columns,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [
    line(columns.map(([title]) => title)),
    `|${columns.map((_, index) => (index === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map((row) => line(columns.map(([, value]) => value(row)))),
  ]
  return `# Workflows

Made by \`./upi bench workflows\`: medians (least–most) from the start by a client to its result, one \`./upi worker\`.

${table.join('\n')}

${dataText(options)}
One day is \`dailyUpiAggregation\`, several are \`backfillRange\`; a day with rows is taken out of marts and ledger before, the
others stay; before a backfill all are. Bare SQL is all the statements that the run needs, models, checks, sums of the books
and the close, by the same functions in a process without Temporal, as many days at a time. psql runs the plain upserts of
test/bench/floor/ of the same days, one after the other and its start included: three marts of ten, unchecked. There is nothing
in raw, so that the books compare clean with the live figures only, and the stream has nothing to be waited for.

${circumstancesText(circumstances)}
Temporal ${STACK_VERSIONS.temporal} (the development server on SQLite), psql ${psql}.
`
}
