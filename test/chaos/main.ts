import { parseArgs } from 'node:util'
import { formatSpan, note, print, printJson, printTable } from '../../cli/output.ts'
import { EXIT_INTERRUPTED, UpiError } from '../../core/errors.ts'
import { type ChaosReport, runChaos } from './run-chaos.ts'
import { FAULT_KINDS, type FaultKind } from './schedule.ts'

/*
 * One run of chaos, as a process of its own: `./upi chaos` checks the options and starts it. Exit codes as everywhere: 0 all
 * is right, 1 something is not, 3 there is no stack to be had; 130 after Ctrl-C.
 */

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    faults: { type: 'string' },
    rate: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

try {
  const report = await runChaos({
    seed: values.seed as string,
    minutes: Number(values.minutes),
    faults: Number(values.faults),
    perSecond: Number(values.rate),
    signal: stop.signal,
    say: note,
  })
  if (values.json) printJson(report)
  else show(report)
  process.exitCode = report.isRight ? 0 : 1
} catch (fault) {
  if (stop.signal.aborted) process.exitCode = EXIT_INTERRUPTED
  else {
    process.exitCode = 3
    note(`upi: ${fault instanceof UpiError ? fault.message : String((fault as Error).stack)}`)
  }
}
process.exit()

function show({ faults, books, messages, standstills, seed, home }: ChaosReport): void {
  const kinds = (Object.keys(FAULT_KINDS) as FaultKind[]).map((kind) => {
    const all = faults.filter((fault) => fault.kind === kind)
    return { kind, all: all.length, done: all.filter((fault) => fault.missed === undefined).length }
  })
  printTable(
    kinds.filter(({ all }) => all > 0),
    [
      { title: 'fault', value: ({ kind }) => kind },
      { title: 'done', value: ({ done }) => done, align: 'right' },
      { title: 'missed', value: ({ all, done }) => all - done || undefined, align: 'right' },
      { title: 'what', value: ({ kind }) => FAULT_KINDS[kind].about },
    ],
  )
  print()
  const colours = { balanced: 'green', waits: 'yellow', pending: 'yellow', broken: 'red' } as const
  printTable(books, [
    { title: 'book', value: ({ name }) => name },
    { title: 'state', value: ({ state }) => state, style: ({ state }) => colours[state] },
    {
      title: '',
      value: ({ line, keys }) => (keys.length > 1 ? `${line} (${keys.join(', ')})` : line),
    },
  ])
  print()
  const done = faults.filter((fault) => fault.missed === undefined).length
  const reasons = messages.reasons.join('; ')
  const unknown =
    messages.unknown === 0 ? '' : `, of ${messages.unknown} more nobody knows: ${reasons}`
  print(`seed ${seed}: ${done} faults, ${messages.acknowledged} messages acknowledged${unknown}`)
  const [longest] = standstills.toSorted((a, b) => b.millis - a.millis)
  if (longest !== undefined) {
    const { partition, millis, fromMs } = longest
    const alone = formatSpan(Math.max(...standstills.map(({ leftAloneMs }) => leftAloneMs)))
    print(
      `longest standstill ${formatSpan(millis)}, of partition ${partition} after ${formatSpan(fromMs)}`,
    )
    print(`longest that any stood still while nothing was done to it: ${alone}`)
  }
  if (home !== undefined)
    note(`kept to be looked at: UPI_HOME=${home} ./upi up --only postgres,kafka`)
}
