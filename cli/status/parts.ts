import {
  type ComponentState,
  type Resources,
  resourcesOf,
  type StackState,
} from '../../platform/stack/index.ts'
import type { PartFault } from '../doctor/part-faults.ts'
import { type Column, formatBytes, formatSpan, paint, tableLines } from '../output.ts'
import { cut, lengthOf } from './page.ts'

/** The processes of the stack, as they are now. */
export interface Parts {
  readonly components: readonly ComponentStatus[]
  /** What starts the others and looks after them; null when nothing runs. */
  readonly supervisor: SupervisorStatus | null
}

export interface ComponentStatus {
  readonly name: string
  readonly state: string
  readonly pid: number | null
  readonly address: string
  readonly version: string
  readonly rss_bytes: number | null
  readonly pss_bytes: number | null
  readonly started_at: string | null
  readonly restarts: number
  readonly hangs: number
  readonly detail: string | null
}

type SupervisorStatus = Pick<
  ComponentStatus,
  'state' | 'pid' | 'rss_bytes' | 'pss_bytes' | 'started_at'
>

/** Describes the parts of a stack and what they take. */
export function describeParts(
  state: StackState,
  isLive: boolean,
  faults: readonly Pick<PartFault, 'name' | 'why'>[],
): Parts {
  const { supervisor, startedAt } = state
  const pids = state.components.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  const resources = isLive ? resourcesOf([...pids, supervisor.pid]) : new Map()
  const known = new Map(faults.map(({ name, why }) => [name, why]))
  const components = state.components.map((component) => {
    const described = describeOne(component, isLive, resources)
    // It was asked just now, the supervisor asks every few seconds.
    const detail = described.state === 'ready' ? known.get(component.name) : undefined
    return detail === undefined ? described : { ...described, state: 'unready', detail }
  })
  if (!isLive) return { components, supervisor: null }
  const own = memoryOf(supervisor.pid, resources)
  const standing = known.has('supervisor') ? 'stopped' : 'ready'
  return {
    components,
    supervisor: { state: standing, pid: supervisor.pid, ...own, started_at: startedAt },
  }
}

function describeOne(
  component: ComponentState,
  isLive: boolean,
  resources: Map<number, Resources>,
): ComponentStatus {
  return {
    name: component.name,
    state: isLive ? component.state : 'stopped',
    pid: isLive ? (component.pid ?? null) : null,
    address: component.address,
    version: component.version,
    ...memoryOf(component.pid, resources),
    started_at: component.startedAt ?? null,
    restarts: component.restarts,
    hangs: component.hangs,
    detail: component.detail ?? null,
  }
}

function memoryOf(
  pid: number | undefined,
  resources: Map<number, Resources>,
): Pick<ComponentStatus, 'rss_bytes' | 'pss_bytes'> {
  const used = pid === undefined ? undefined : resources.get(pid)
  return { rss_bytes: used?.rssBytes ?? null, pss_bytes: used?.pssBytes ?? null }
}

/** What all parts take together; 0 where nobody says. */
export function memoryOfAll(parts: Parts): number {
  return rowsOf(parts).reduce((bytes, row) => bytes + (row.pss_bytes ?? 0), 0)
}

/** The parts as a table that fits, if it can: where to find a part goes first, then its version. */
export function partsTable(parts: Parts, width: number): string[] {
  const rows = rowsOf(parts)
  const now = Date.now()
  const columns: (Column<ComponentStatus> & { title: string })[] = [
    { title: 'part', value: (row) => row.name },
    { title: 'state', value: (row) => row.state, style: (row) => stateStyle(row.state) },
    { title: 'version', value: (row) => row.version },
    { title: 'pid', value: (row) => row.pid, align: 'right' },
    { title: 'memory', value: (row) => memoryText(row), align: 'right' },
    { title: 'address', value: (row) => row.address },
    { title: 'age', value: (row) => ageText(row, now), align: 'right' },
    { title: 'restarts', value: restartsText, align: 'right' },
  ]
  const without = (names: readonly string[]) =>
    columns.filter(({ title }) => !names.includes(title))
  const choices = [[], ['address'], ['address', 'version']].map(without)
  const widthOf = (chosen: typeof columns) => Math.max(...tableLines(rows, chosen).map(lengthOf))
  const chosen = choices.find((each) => widthOf(each) <= width) ?? without(['address', 'version'])
  const room = Math.max(0, width - widthOf(chosen) - 2)
  const detail = { title: '', value: (row: ComponentStatus) => cut(row.detail ?? '', room) }
  return tableLines(rows, room < DETAIL_COLUMNS_MIN ? chosen : [...chosen, detail])
}

// Less says nothing.
const DETAIL_COLUMNS_MIN = 10

/** The parts in as few lines as it takes: all that are well in one, and one for each that is not. */
export function partsBriefly(parts: Parts): string[] {
  const rows = rowsOf(parts)
  const well = rows.filter((row) => isWell(row.state))
  const names = well.map(({ name }) => name).join(' ')
  return [
    ...(well.length === 0 ? [] : [`${paint('green', 'ready')}  ${names}`]),
    ...rows
      .filter((row) => !isWell(row.state))
      .map(({ name, state, detail, restarts, hangs }) => {
        const again = restarts === 0 ? '' : `, ${restartsText({ restarts, hangs })} restarts`
        return `${paint(stateStyle(state), state)}  ${name}${again}  ${detail ?? ''}  ./upi logs ${name}`
      }),
  ]
}

function rowsOf({ components, supervisor }: Parts): ComponentStatus[] {
  if (supervisor === null) return [...components]
  const rest = { address: '', version: '', restarts: 0, hangs: 0, detail: null }
  return [...components, { name: 'supervisor', ...rest, ...supervisor }]
}

function memoryText(row: ComponentStatus): string {
  const bytes = row.pss_bytes ?? row.rss_bytes
  return bytes === null ? '' : formatBytes(bytes)
}

function ageText(row: ComponentStatus, now: number): string {
  if (row.pid === null || row.started_at === null) return ''
  return formatSpan(now - Date.parse(row.started_at))
}

function restartsText({ restarts, hangs }: Pick<ComponentStatus, 'restarts' | 'hangs'>): string {
  if (hangs > 0) return `${restarts} (hung ${hangs})`
  return restarts === 0 ? '' : String(restarts)
}

function isWell(state: string): boolean {
  return state === 'ready' || state === 'done'
}

function stateStyle(state: string) {
  if (isWell(state)) return 'green' as const
  if (state === 'failed' || state === 'stopped') return 'red' as const
  return 'yellow' as const
}
