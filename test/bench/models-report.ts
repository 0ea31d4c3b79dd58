import type { ModelsBench } from '../../cli/commands/bench.ts'
import { note, print, printTable } from '../../cli/output.ts'
import { withClient } from '../template.ts'
import type { BenchDatabase } from './bench-places.ts'
import type { Task } from './models.ts'
import {
  type Circumstances,
  circumstancesText,
  type Spread,
  spreadOf,
  writeResults,
} from './results.ts'
import type { Timing } from './time-command.ts'

/** All that `bench models` has measured. */
export interface ModelsResult {
  readonly circumstances: Circumstances
  readonly options: ModelsBench
  /** The version of psql, if the floor was measured. */
  readonly psql: string | undefined
  readonly dbt: string | undefined
  readonly tasks: readonly Task[]
  readonly database: BenchDatabase
}

interface Row {
  readonly what: string
  readonly models: Spread
  readonly floor: Spread | null
  readonly dbt: Spread | null
  /** Of the models' time to psql's, round by round. */
  readonly ofFloor: Spread | null
  readonly timesDbt: number | null
  readonly postgresCpu: { readonly models: number | null; readonly floor: number | null }
}

/** Prints the table and, after a full bench, writes it to the results. */
export async function reportModels(result: ModelsResult): Promise<void> {
  const rows = result.tasks.map(rowOf)
  const columns = columnsOf(result)
  printTable(
    rows,
    columns.map(([title, value], index) => ({
      title,
      value,
      align: index === 0 ? ('left' as const) : ('right' as const),
    })),
  )
  print()
  const { options, circumstances, psql, dbt, tasks } = result
  print(dataText(options))
  if (!options.save || !options.floor) return
  const settings = await readSettings(result.database)
  const machine = { ...circumstances, psql, dbt, settings, options, medians: rows, runs: tasks }
  const page = pageOf(result, { rows, columns, settings })
  note(`written to ${writeResults('models', machine, page)}`)
}

type Columns = readonly [string, (row: Row) => string][]

function columnsOf({ options, dbt }: ModelsResult): Columns {
  return [
    ['what', ({ what }) => what],
    ['models s', ({ models }) => spreadText(models)],
    ...(options.floor
      ? ([
          ['psql s', ({ floor }) => spreadText(floor)],
          ['of psql', ({ ofFloor }) => spreadText(ofFloor)],
          ['CPU s of Postgres, models : psql', ({ postgresCpu }) => cpuText(postgresCpu)],
        ] satisfies Columns)
      : []),
    ...(dbt === undefined
      ? []
      : ([
          ['dbt s', (row) => spreadText(row.dbt)],
          [
            'faster than dbt',
            ({ timesDbt }) => (timesDbt === null ? '' : `${timesDbt.toFixed(1)} ×`),
          ],
        ] satisfies Columns)),
  ]
}

function rowOf({ what, models, floor, dbt }: Task): Row {
  const [ours, plain] = [models.map(secondsOf), floor.map(secondsOf)]
  // Round by round: dbt is not in all of them.
  const timesDbt = dbt.map(({ seconds }, nth) => seconds / (ours[nth] as number))
  return {
    what,
    models: spreadOf(ours),
    floor: plain.length === 0 ? null : spreadOf(plain),
    dbt: dbt.length === 0 ? null : spreadOf(dbt.map(secondsOf)),
    ofFloor:
      plain.length === 0 ? null : spreadOf(ours.map((time, nth) => time / (plain[nth] as number))),
    timesDbt: dbt.length === 0 ? null : spreadOf(timesDbt).median,
    postgresCpu: { models: medianCpu(models), floor: medianCpu(floor) },
  }
}

function secondsOf({ seconds }: Timing): number {
  return seconds
}

function medianCpu(timings: readonly Timing[]): number | null {
  const seen = timings.flatMap(({ postgresCpu }) => (postgresCpu === null ? [] : [postgresCpu]))
  return seen.length === 0 ? null : spreadOf(seen).median
}

function spreadText(spread: Spread | null): string {
  if (spread === null) return ''
  const { median, least, most } = spread
  if (least === most) return median.toFixed(2)
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`
}

function cpuText({ models, floor }: Row['postgresCpu']): string {
  if (models === null) return ''
  return floor === null ? models.toFixed(2) : `${models.toFixed(2)} : ${floor.toFixed(2)}`
}

function dataText({ rows, days, merchants }: ModelsBench): string {
  return (
    `${rows} transactions on ${days} days, ${merchants} merchants; 35 % between persons, 1 % refunds. ` +
    'The tables were equal after each.'
  )
}

const SETTINGS = [
  'shared_buffers',
  'work_mem',
  'max_parallel_workers_per_gather',
  'max_parallel_workers',
  'parallel_setup_cost',
  'parallel_tuple_cost',
  'enable_presorted_aggregate',
  'jit',
  'max_wal_size',
  'synchronous_commit',
  'fsync',
]

async function readSettings({ transformUrl }: BenchDatabase): Promise<Record<string, string>> {
  return await withClient(transformUrl, async (client) => {
    const { rows } = await client.query<{ name: string; value: string }>(
      'select name, current_setting(name) as value from pg_settings where name = any ($1)',
      [SETTINGS],
    )
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
  })
}

interface Page {
  readonly rows: readonly Row[]
  readonly columns: Columns
  readonly settings: Readonly<Record<string, string>>
}

const DBT_TEXT = `dbt has the same models in test/bench/dbt/, incremental by day (delete+insert), with two threads, started with the day it is
to build; with nothing to do, for a day that has no rows.`

function pageOf({ circumstances, options, psql, dbt }: ModelsResult, page: Page): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [
    line(page.columns.map(([title]) => title)),
    `|${page.columns.map((_, index) => (index === 0 ? '---' : '--:')).join('|')}|`,
    ...page.rows.map((row) => line(page.columns.map(([, value]) => value(row)))),
  ]
  const settings = Object.entries(page.settings).map(([name, value]) => `${name} ${value}`)
  return `# Models

Made by \`./upi bench models\`: medians of ${options.runs} rounds (least–most), whole processes from start to exit.

${table.join('\n')}

${dataText(options)}
Built are fact_upi_aggregates, daily_upi_summary and merchant_upi_summary, but for the first line. The models find out
themselves what has changed, check what they build and keep the books of it; psql runs the plain upserts of
test/bench/floor/ of the days it is told, with the same role and settings. A dirty day has another status in 1 % of its rows.
${dbt === undefined ? '' : `${DBT_TEXT}\n`}
${circumstancesText(circumstances)}
psql ${psql}${dbt === undefined ? '' : `, ${dbt}`}; ${settings.join(', ')}.
`
}
