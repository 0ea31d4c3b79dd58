import { addDays } from '../core/time.ts'
import { type Explained, explain } from '../models/engine/explain.ts'
import { planModels } from '../models/warehouse/run-models.ts'
import { readRefusals } from '../platform/queries/days.ts'
import { paint, print, printJson, printTable } from './output.ts'
import { type ModelOptions, wantedOf, withModels } from './with-models.ts'

/** `./upi models plan`, and `run --dry-run` */
export async function planNow(options: ModelOptions): Promise<void> {
  await withModels(options, async ({ db, graph, models }) => {
    const plan = explain(await planModels({ db, graph }, wantedOf(models, options)))
    const refusals = await readRefusals(db)
    const rows = plan.map((row) => {
      const refusal = row.does === 'build' ? refusals.get(row.subject) : undefined
      return refusal === undefined
        ? row
        : { ...row, reason: `${row.reason}; refused last: ${refusal}` }
    })
    if (options.json === true) printJson(rows)
    else if (rows.length === 0) print('nothing to do')
    else printPlan(foldDays(rows))
  })
}

/** Days that follow each other and are built for the same reason, as one. */
export interface Folded extends Explained {
  readonly days: number
  readonly last: string
}

/** Folds a plan for people: a year of days is one line if they have one reason. */
export function foldDays(rows: readonly Explained[]): Folded[] {
  const folded: Folded[] = []
  for (const row of rows) {
    const before = folded.at(-1)
    if (
      before?.does === 'make' &&
      row.does === 'make' &&
      before.reason === row.reason &&
      before.subject === row.subject
    ) {
      folded[folded.length - 1] = { ...before, models: [...before.models, ...row.models] }
    } else if (before !== undefined && goesOn(before, row)) {
      folded[folded.length - 1] = { ...before, days: before.days + 1, last: row.subject }
    } else folded.push({ ...row, days: isDay(row.subject) ? 1 : 0, last: row.subject })
  }
  return folded
}

function goesOn(before: Folded, row: Explained): boolean {
  return (
    before.days > 0 &&
    isDay(row.subject) &&
    addDays(before.last, 1) === row.subject &&
    before.does === row.does &&
    before.reason === row.reason &&
    before.models.join() === row.models.join()
  )
}

function isDay(subject: string): boolean {
  return /^\d/.test(subject)
}

const NAMED_MAX = 2

function printPlan(rows: readonly Folded[]): void {
  printTable(rows, [
    { title: '', value: ({ does }) => does, style: ({ does }) => STYLES[does] },
    {
      title: 'what',
      value: ({ days, subject, last }) => (days > 1 ? `${subject} … ${last}` : subject),
    },
    { title: 'days', value: ({ days }) => days || '', align: 'right' },
    { title: 'why', value: ({ reason }) => reason },
    { title: 'models', value: ({ models }) => shortList(models) },
  ])
  const long = new Set(rows.flatMap(({ models }) => (isLong(models) ? [models.join(', ')] : [])))
  for (const list of long) print(paint('dim', `\n${list.split(', ').length} models: ${list}`))
}

const STYLES = { make: 'cyan', build: 'green', skip: 'yellow' } as const

function isLong(models: readonly string[]): boolean {
  return models.length > NAMED_MAX
}

function shortList(models: readonly string[]): string {
  return isLong(models) ? `${models.length} models` : models.join(', ')
}
