import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorkflowsBench } from '../../cli/commands/bench.ts'
import { note, Progress } from '../../cli/output.ts'
import type { BusinessDate } from '../../core/time.ts'
import { settleMinutes } from '../../platform/books/minute-book.ts'
import { need } from '../../platform/config.ts'
import { createDatabase, createPool } from '../../platform/postgres.ts'
import type { Shutdown } from '../../platform/shutdown.ts'
import { withClient } from '../template.ts'
import { BareDays } from './bare-days.ts'
import { type BenchDatabase, BenchPlaces } from './bench-places.ts'
import { readBenchConfig } from './bench-servers.ts'
import { datesOf, type FilledDays, fillDays } from './fill-days.ts'
import { psqlVersion } from './model-floor.ts'
import { readCircumstances } from './results.ts'
import { runBench } from './run-bench.ts'
import { Measuring, type Task } from './workflow-days.ts'
import { Workflows } from './workflow-doers.ts'
import { reportWorkflows } from './workflows-report.ts'

/*
 * `./upi bench workflows`: days built and closed through Temporal, from the start by a client to the result, by a worker
 * process; in turn with the same statements without Temporal. After each the days must be closed and the marts equal.
 */

interface Around {
  readonly places: BenchPlaces
  readonly options: WorkflowsBench
  readonly shutdown: Shutdown
  readonly folder: string
}

/** Measures in a database, a topic and a namespace of their own, with a worker of their own. */
async function measure(
  { places, options, shutdown, folder }: Around,
  database: BenchDatabase,
  { hasRows }: { hasRows: boolean },
  work: (measuring: Measuring) => Promise<void>,
): Promise<Task[]> {
  const { signal } = shutdown
  const [topic, namespace] = [await places.topic(1), await places.namespace()]
  const env = places.envFor(database, topic, namespace)
  const config = need(readBenchConfig(env), 'temporalAddress')
  const admin = createDatabase(createPool(config, database.url, { max: 1, name: 'bench-admin' }))
  const bare = new BareDays(readBenchConfig(env), database, signal)
  try {
    await bare.prepare()
    const workflows = await Workflows.open(config, env, { hasRows, signal })
    try {
      const stage = { places, database, admin, workflows, bare, options, folder, signal }
      const measuring = new Measuring(stage)
      await work(measuring)
      return measuring.tasks
    } finally {
      await workflows.close()
    }
  } finally {
    await bare.close()
    await admin.destroy()
  }
}

/** The live figures that the stream would have written: the books of these days are to balance. */
async function fillMinutes(url: string, dates: readonly BusinessDate[], signal: AbortSignal) {
  const progress = new Progress()
  await withClient(url, async (client) => {
    for (const [nth, date] of dates.entries()) {
      signal.throwIfAborted()
      progress.update(`live figures: ${nth + 1} of ${dates.length} days`)
      await settleMinutes(client, { date, dryRun: false })
    }
    await client.query('vacuum (analyze) ops.minute_metrics')
  })
  progress.done()
}

await runBench<WorkflowsBench>(async (options, shutdown) => {
  const psql = options.floor ? psqlVersion() : undefined
  const places = await BenchPlaces.open(shutdown, { temporal: true })
  note(`measuring on ${places.servers.about}`)
  const circumstances = await readCircumstances(places)
  const folder = mkdtempSync(join(tmpdir(), 'upi-bench-'))
  shutdown.add('passing files', () => rmSync(folder, { recursive: true, force: true }))
  const around = { places, options, shutdown, folder }
  const nothing = await places.database()
  const empty = await measure(around, nothing, { hasRows: false }, (on) => on.emptyDays())
  const { rows, days, merchants } = options
  const filled = { firstDay: '2026-01-01', rows, days, merchants } as FilledDays
  const dates = datesOf(filled)
  const database = await places.database()
  await fillDays(database.url, filled, shutdown.signal)
  await fillMinutes(database.url, dates, shutdown.signal)
  const full = await measure(around, database, { hasRows: true }, (on) => on.fullDays(dates))
  reportWorkflows({ circumstances, options, psql, tasks: [...empty, ...full] })
})
