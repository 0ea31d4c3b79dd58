import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { printTable } from '../../cli/output.ts'
import { CHECKOUT } from '../../platform/config.ts'

/** What Node writes with --cpu-prof, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface SelfTime {
  readonly name: string
  readonly where: string
  micros: number
}

const FUNCTIONS_SHOWN = 25
const IDLE = '(idle)'

/** The arguments by which Node writes a profile of a process into a folder when it ends. */
export function profilerArgs(folder: string): string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

/** Keeps the profile of the main thread, and prints the functions that took the most time themselves. */
export function reportProfile(folder: string, path: string): void {
  const files = readdirSync(folder).map((name) => join(folder, name))
  // Threads write their own; the main one has the most samples.
  const [largest] = files.toSorted((a, b) => statSync(b).size - statSync(a).size)
  if (largest === undefined) throw new Error('the worker has written no profile')
  copyFileSync(largest, path)
  const times = selfTimes(JSON.parse(readFileSync(largest, 'utf8')) as CpuProfile)
  const busy = times.filter(({ name }) => name !== IDLE)
  const total = busy.reduce((sum, { micros }) => sum + micros, 0)
  printTable(busy.slice(0, FUNCTIONS_SHOWN), [
    { title: 'self', value: ({ micros }) => `${(micros / 1e6).toFixed(2)} s`, align: 'right' },
    {
      title: 'share',
      value: ({ micros }) => `${((100 * micros) / total).toFixed(1)} %`,
      align: 'right',
    },
    { title: 'function', value: ({ name }) => name },
    { title: 'where', value: ({ where }) => where },
  ])
}

/** Time spent in each function itself, most first. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, SelfTime>()
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id)
    if (frame === undefined) continue
    const where = placeOf(frame.url, frame.lineNumber + 1)
    const name = frame.functionName || '(anonymous)'
    const key = `${name} ${where}`
    const time = times.get(key) ?? { name, where, micros: 0 }
    time.micros += timeDeltas[index] ?? 0
    times.set(key, time)
  }
  return [...times.values()].sort((a, b) => b.micros - a.micros)
}

function placeOf(url: string, line: number): string {
  if (url === '') return ''
  const path = url.replace(/^file:\/\//, '').replace(`${CHECKOUT}${sep}`, '')
  return `${path.replace(/^.*node_modules\//, '')}:${line}`
}
