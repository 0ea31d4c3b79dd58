import { groupIndian } from '../core/money.ts'
import type { Step } from '../models/engine/plan.ts'
import type { Executed } from '../models/warehouse/execute.ts'
import type { ModelRun } from '../models/warehouse/ledger.ts'
import { type RunWatcher, runModels } from '../models/warehouse/run-models.ts'
import { actorOf, type Config } from '../platform/config.ts'
import { insertAudit } from '../platform/queries/audit-log.ts'
import { formatSpan, note, Progress, paint, print, printJson, printTable } from './output.ts'
import { type ModelOptions, type Opened, wantedOf, withModels } from './with-models.ts'

/** `./upi models run` */
export async function runNow(options: ModelOptions): Promise<void> {
  await withModels(options, async (opened) => {
    const { config, db, graph, models, signal } = opened
    const began = performance.now()
    if (options.fullRefresh === true) await recordRefresh(opened, options)
    const watch = new RunWatch()
    const lineage = await lineageOf(config, db)
    try {
      const around = { db, graph, signal, actor: actorOf(config) }
      const executed = await runModels(
        around,
        wantedOf(models, options),
        lineage?.overhear(watch.watcher) ?? watch.watcher,
      )
      watch.done()
      const report = { ...executed, made: watch.made, skipped: watch.skipped }
      const seconds = (performance.now() - began) / 1000
      if (options.json === true) printJson(forMachines(report, seconds))
      else printReport(report, seconds)
      if (executed.failures.length > 0) process.exitCode = 1
    } finally {
      watch.done()
      await lineage?.close()
    }
  })
}

// Read only where it is wanted: what a run with nothing to do costs is mostly what it reads of its own code.
async function lineageOf(config: Config, db: Opened['db']) {
  if (config.openlineageUrl === undefined && config.openlineageFile === undefined) return undefined
  return await (await import('./run-lineage.ts')).openLineage(config, db)
}

async function recordRefresh({ config, db, graph, models }: Opened, options: ModelOptions) {
  const { from = '…', to = '…' } = options
  const names =
    models.length === graph.models.length ? 'all' : models.map(({ name }) => name).join()
  const subject = from === to && from === '…' ? names : `${names} ${from} to ${to}`
  await insertAudit(db, { actor: actorOf(config), action: 'models full refresh', subject })
}

const PATIENCE_MS = 300

/** Follows a run and shows how far it is. */
class RunWatch {
  made: readonly string[] = []
  skipped: readonly string[] = []
  readonly #progress = new Progress()
  #waiting: NodeJS.Timeout | undefined
  #total = 0
  #began = 0

  readonly watcher: RunWatcher = {
    onWait: () => {
      const say = () => this.#progress.update('waiting for another run …')
      this.#waiting = setTimeout(say, PATIENCE_MS)
    },
    onTurn: () => clearTimeout(this.#waiting),
    onMake: (names) => {
      this.made = names
    },
    onPlan: (steps) => {
      this.skipped = steps.flatMap((step) => (step.kind === 'skip' ? [step.date] : []))
      this.#total = steps.length
      this.#began = performance.now()
    },
    onStart: (step, nth) => this.#progress.update(this.#text(step, nth)),
  }

  done(): void {
    clearTimeout(this.#waiting)
    this.#progress.done()
  }

  #text(step: Step, nth: number): string {
    const subject =
      step.kind === 'whole' ? step.model.name : step.kind === 'relations' ? '' : step.date
    const spent = performance.now() - this.#began
    const speed = nth === 0 ? '' : `, ${((nth / spent) * 1000).toFixed(1)}/s, `
    const left = nth === 0 ? '' : `${formatSpan((spent / nth) * (this.#total - nth))} left`
    return `${nth} of ${this.#total} built${speed}${left}: ${subject}`
  }
}

interface Report extends Executed {
  readonly made: readonly string[]
  readonly skipped: readonly string[]
}

function printReport({ runs, failures, made, skipped }: Report, seconds: number): void {
  if (made.length > 0) print(`made ${made.join(', ')}`)
  if (runs.length > 0) {
    printTable(sumByModel(runs), [
      { title: 'model', value: ({ model }) => model, style: () => 'bold' },
      { title: 'days', value: ({ days }) => days || 'whole', align: 'right' },
      { title: 'inserted', value: ({ inserted }) => grouped(inserted), align: 'right' },
      { title: 'updated', value: ({ updated }) => grouped(updated), align: 'right' },
      { title: 'deleted', value: ({ deleted }) => grouped(deleted), align: 'right' },
      { title: 'unchanged', value: ({ unchanged }) => grouped(unchanged), align: 'right' },
      { title: 'seconds', value: (row) => row.seconds.toFixed(2), align: 'right' },
    ])
  }
  for (const { model, date, error, badRows } of failures) {
    const kept =
      badRows.length === 0 ? '' : `; first ${badRows.length} kept in ops.model_runs.bad_rows`
    print(`${paint('red', 'failed')} ${[date, model].filter(Boolean).join(' ')}: ${error}${kept}`)
  }
  if (failures.length > 0) {
    note('fix: correct the rows or the model, then run again; the old figures stay until then')
  }
  if (skipped.length > 0) {
    print(
      `${paint('yellow', 'skipped')} ${skipped.join(', ')}: archived; restore them from the lake first`,
    )
  }
  if (runs.length + failures.length === 0) print('nothing to do')
  else note(`${countDays(runs)} days built, ${failures.length} failed, in ${seconds.toFixed(2)} s`)
}

interface Summed extends Omit<ModelRun, 'date' | 'fingerprint'> {
  readonly days: number
}

function sumByModel(runs: readonly ModelRun[]): Summed[] {
  const sums = new Map<string, Summed>()
  for (const run of runs) {
    const before = sums.get(run.model)
    sums.set(run.model, {
      model: run.model,
      days: (before?.days ?? 0) + (run.date === null ? 0 : 1),
      inserted: (before?.inserted ?? 0) + run.inserted,
      updated: (before?.updated ?? 0) + run.updated,
      deleted: (before?.deleted ?? 0) + run.deleted,
      unchanged: (before?.unchanged ?? 0) + run.unchanged,
      seconds: (before?.seconds ?? 0) + run.seconds,
    })
  }
  return [...sums.values()]
}

function countDays(runs: readonly ModelRun[]): number {
  return new Set(runs.flatMap(({ date }) => (date === null ? [] : [date]))).size
}

function grouped(count: number): string {
  return count === 0 ? '' : groupIndian(String(count))
}

function forMachines({ runs, failures, made, skipped }: Report, seconds: number) {
  return {
    days_built: countDays(runs),
    made,
    models: sumByModel(runs).map((row) => ({ ...row, seconds: rounded(row.seconds) })),
    // What a bad row holds may be of a person: how many there are is said, not which.
    failures: failures.map(({ model, date, error, badRows }) => ({
      model,
      date,
      error,
      bad_rows_kept: badRows.length,
    })),
    skipped: skipped.map((date) => ({ date, reason: 'archived' })),
    seconds: rounded(seconds),
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
