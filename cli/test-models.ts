import { groupIndian } from '../core/money.ts'
import { type CheckResult, type Tested, testModels } from '../models/warehouse/test-models.ts'
import { note, Progress, paint, print, printJson, printTable } from './output.ts'
import { type ModelOptions, rangeOf, withModels } from './with-models.ts'

/** `./upi models test` */
export async function testNow(options: ModelOptions): Promise<void> {
  await withModels(options, async ({ models, ...around }) => {
    const progress = new Progress()
    const began = performance.now()
    try {
      const tested = await testModels(around, { models, days: rangeOf(options) }, (model, nth) =>
        progress.update(`${nth} of ${models.length} models tested: ${model.name}`),
      )
      progress.done()
      if (options.json === true) printJson(forMachines(tested))
      else printTested(tested, (performance.now() - began) / 1000)
      if (tested.results.some(({ bad }) => bad > 0)) process.exitCode = 1
    } finally {
      progress.done()
    }
  })
}

interface Line {
  readonly model: string
  readonly check: string
  readonly rows: string
  readonly bad: number
  readonly seconds: number
}

function printTested({ results, pending, archived, missing }: Tested, seconds: number): void {
  printTable(linesOf(results), [
    { title: 'model', value: ({ model }) => model },
    { title: 'check', value: ({ check }) => check },
    { title: 'looked at', value: ({ rows }) => rows, align: 'right' },
    {
      title: 'bad',
      value: ({ bad }) => bad,
      align: 'right',
      style: ({ bad }) => (bad > 0 ? 'red' : 'green'),
    },
    { title: 'seconds', value: (line) => line.seconds.toFixed(3), align: 'right' },
  ])
  for (const [days, models] of groupedByDays(pending)) {
    print(`${paint('yellow', 'pending')} ${days}, sums not compared: ${models.join(', ')}`)
  }
  if (archived.length > 0) {
    print(`${paint('yellow', 'archived')} ${archived.length} days, not compared with clean`)
  }
  if (missing.length > 0) print(`${paint('yellow', 'not built yet')} ${missing.join(', ')}`)
  const failed = results.filter(({ bad }) => bad > 0).length
  note(`${results.length} checks, ${failed} failed, in ${seconds.toFixed(2)} s`)
  if (failed > 0)
    note('fix: --json names the days; ./upi models run --full-refresh builds them anew')
}

/** The checks of rows that hold, as one line a model: they were one scan. */
function linesOf(results: readonly CheckResult[]): Line[] {
  const lines: Line[] = []
  for (const result of results) {
    const { model, kind, bad, seconds } = result
    const unit = `${kind === 'sums' ? 'sum' : 'row'}${result.rows === 1 ? '' : 's'}`
    const rows = `${groupIndian(String(result.rows))} ${unit}`
    const line = { model, check: result.check, rows, bad, seconds }
    if (kind !== 'rows' || bad > 0) {
      lines.push(line)
      continue
    }
    const before = lines.findIndex((each) => each.model === model && FOLDED.test(each.check))
    const times = before === -1 ? 1 : Number.parseInt(lines[before]?.check ?? '0', 10) + 1
    const folded = { ...line, check: `${times} checks of each row` }
    if (before === -1) lines.push(folded)
    else lines[before] = folded
  }
  return lines
}

const FOLDED = /^\d+ checks of each row$/

function groupedByDays(pending: Tested['pending']): [string, string[]][] {
  const byDays = new Map<string, string[]>()
  for (const [model, dates] of pending) {
    const days = dates.filter((date) => date !== '')
    const text = days.length > SHOWN_MAX ? `${days.length} days` : days.join(', ') || 'whole'
    byDays.set(text, [...(byDays.get(text) ?? []), model])
  }
  return [...byDays]
}

const SHOWN_MAX = 5

function forMachines({ results, pending, archived, missing }: Tested) {
  return {
    checks: results.map(({ model, check, kind, rows, bad, seconds, badRows }) => ({
      model,
      check,
      kind,
      rows,
      bad,
      seconds,
      // Of sums it is a day with both sides; a row of a mart may be of a person, and stays where it is.
      ...(kind === 'sums' && bad > 0 ? { differ: badRows } : {}),
    })),
    pending: Object.fromEntries(
      [...pending].map(([model, days]) => [model, days.map((day) => day || 'whole')]),
    ),
    archived,
    missing,
    ok: results.every(({ bad }) => bad === 0),
  }
}
