import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Framing } from '../../platform/message-encoder.ts'
import { countOption, newCommand, subCommand } from '../command.ts'
import { framingOption } from '../framing.ts'
import { runTestScript } from '../run-test-script.ts'

/** What `bench ingest` is asked for. */
export interface IngestBench {
  readonly count: number
  readonly partitions: readonly number[]
  readonly runs: number
  readonly framing: Framing
  readonly floor: boolean
  readonly historyDays: number
  readonly historyRows: number
  readonly viewers: number
  readonly save: boolean
  readonly profile?: string
  readonly verbose?: boolean
}

/** What `bench latency` is asked for. */
export interface LatencyBench {
  readonly rate: number
  readonly seconds: number
  readonly kill: number
  readonly partitions: number
  readonly save: boolean
  readonly verbose?: boolean
}

/** What `bench models` is asked for. */
export interface ModelsBench {
  readonly rows: number
  readonly days: number
  readonly merchants: number
  readonly runs: number
  readonly floor: boolean
  readonly dbt: boolean
  readonly save: boolean
  readonly verbose?: boolean
}

/** What `bench workflows` is asked for. */
export type WorkflowsBench = Omit<ModelsBench, 'dbt'>

const COUNT_MAX = 20_000_000
const MERCHANTS_MAX = 10_000_000
const RUNS_MAX = 99
const HISTORY_DAYS_MAX = 400
const HISTORY_ROWS_MAX = 1_000_000_000
const VIEWERS_MAX = 500
const RATE_MAX = 20_000
const SECONDS_MAX = 3_600
const PARTITIONS_MAX = 12

/** `./upi bench` */
export function benchCommand(): Command {
  const command = newCommand('bench', 'Measure the platform beside the floor of this machine.')
  subCommand(
    command,
    'ingest',
    'Fill a topic and measure how fast one worker writes it to Postgres.',
  )
    .option('--count <n>', 'messages in the topic', countOption(1, COUNT_MAX), 1_000_000)
    .option('--partitions <list>', 'partitions of the topic, each measured', listOption, [1, 3])
    .option('--runs <n>', 'repetitions; the median counts', countOption(1, RUNS_MAX), 3)
    .option('--framing <kind>', 'plain, json or avro messages', framingOption, 'plain')
    .option(
      '--history-days <n>',
      'fill so many days before, and compare with empty tables instead of the floor',
      countOption(0, HISTORY_DAYS_MAX),
      0,
    )
    .option(
      '--history-rows <n>',
      'rows in those days, half of them clean and half raw',
      countOption(1, HISTORY_ROWS_MAX),
      20_000_000,
    )
    .option(
      '--viewers <n>',
      'let so many browsers show UPI live, and compare with none instead of the floor',
      countOption(0, VIEWERS_MAX),
      0,
    )
    .option('--no-floor', 'leave out the COPY floor, for a quick look')
    .option('--no-save', 'leave the files of earlier results as they are')
    .option('--profile <file>', 'only run once under the profiler, and save a .cpuprofile')
    .addHelpText('after', INGEST_HELP)
    .action((_, ingest: Command) => {
      // --verbose is the parent's too, and wherever it stands it is taken by that one.
      const options = ingest.optsWithGlobals<IngestBench>()
      const profile = options.profile === undefined ? {} : { profile: resolve(options.profile) }
      return runBench('ingest', { ...options, ...profile })
    })
  subCommand(
    command,
    'latency',
    'Measure at an even rate how soon a message is a visible row, and after a kill -9.',
  )
    .option('--rate <n>', 'transactions a second', countOption(1, RATE_MAX), 1_000)
    .option('--seconds <n>', 'how long, after a warm-up', countOption(1, SECONDS_MAX), 60)
    .option('--kill <n>', 'how often the worker is killed afterwards', countOption(0, RUNS_MAX), 5)
    .option('--partitions <n>', 'partitions of the topic', countOption(1, PARTITIONS_MAX), 3)
    .option('--no-save', 'leave the files of earlier results as they are')
    .addHelpText('after', LATENCY_HELP)
    .action((_, latency: Command) => runBench('latency', latency.optsWithGlobals<LatencyBench>()))
  subCommand(command, 'models', 'Measure what the models take, beside the same SQL run by psql.')
    .option('--rows <n>', 'transactions in all', countOption(1, COUNT_MAX), 5_000_000)
    .option('--days <n>', 'business days they lie on', countOption(2, HISTORY_DAYS_MAX), 30)
    .option('--merchants <n>', 'merchants they go to', countOption(1, MERCHANTS_MAX), 50_000)
    .option('--runs <n>', 'repetitions; the median counts', countOption(1, RUNS_MAX), 5)
    .option('--dbt', 'measure dbt-postgres too; installed by pip when it is not there', false)
    .option('--no-floor', 'leave out psql, for a quick look')
    .option('--no-save', 'leave the files of earlier results as they are')
    .addHelpText('after', MODELS_HELP)
    .action((_, models: Command) => runBench('models', models.optsWithGlobals<ModelsBench>()))
  workflowsCommand(command)
  return command
}

function workflowsCommand(command: Command): void {
  subCommand(
    command,
    'workflows',
    'Measure days closed and backfilled through Temporal, beside the same SQL without it.',
  )
    .option('--rows <n>', 'transactions in all', countOption(1, COUNT_MAX), 5_000_000)
    .option('--days <n>', 'business days they lie on', countOption(2, HISTORY_DAYS_MAX), 30)
    .option('--merchants <n>', 'merchants they go to', countOption(1, MERCHANTS_MAX), 50_000)
    .option(
      '--runs <n>',
      'rounds: each backfills each range once, and closes some single days',
      countOption(1, RUNS_MAX),
      5,
    )
    .option('--no-floor', 'leave out psql, for a quick look')
    .option('--no-save', 'leave the files of earlier results as they are')
    .addHelpText('after', WORKFLOWS_HELP)
    .action((_, workflows: Command) =>
      runBench('workflows', workflows.optsWithGlobals<WorkflowsBench>()),
    )
}

const WORKFLOWS_HELP = `
Measured are days without rows, one, 30 and 365, and days with rows, one and all, from the start of the workflow to its
result, by a worker of the bench's own; in turn with the same functions called without Temporal, and with psql running the
plain upserts of test/bench/floor/. After each all days must be closed, the books balanced and the marts equal. It works in
databases, a topic and a namespace of its own on the running stack, or starts a stack, and removes them.
Results: test/bench/results/workflows.json and workflows.md.`

const MODELS_HELP = `
The floor is the plain upsert of each mart in test/bench/floor/, run by psql with the models' role, in turn with the models;
after each pair the tables are compared and must be equal. It works in a database of its own on the running stack, or starts
a stack, and removes it. Results: test/bench/results/models.json and models.md.`

const INGEST_HELP = `
Messages: calibrated traffic, 5 % status updates, 1 % duplicates, 0.5 % malformed. The floor is COPY of the rows that the
run has stored, on one connection, 10,000 messages a transaction, into fresh tables as migrated, and with primary keys
only. It works in a database and topics of its own on the running stack, or starts a stack, and removes them.
With viewers, on the last of the partitions: each sends through role upi_report all that the dashboard asks, every 5 s.
Results: ingest.json and ingest.md in test/bench/results/, with history ingest-history, with viewers viewers.`

const LATENCY_HELP = `
Traffic comes from ./upi generate; a payment of the bench's own is sent every 50 ms and looked for in the clean table on a
connection that does nothing else. Results: test/bench/results/latency.json and latency.md.`

async function runBench(name: string, options: object): Promise<void> {
  await runTestScript(`bench/${name}.ts`, [JSON.stringify(options)])
}

function listOption(value: string): number[] {
  return value.split(',').map(countOption(1, PARTITIONS_MAX))
}
