import { isStopped, type StackState } from '../../platform/stack/index.ts'
import { readUnready } from '../../platform/stream-process.ts'
import type { Fault } from './look.ts'

/** A part that is not as it should be, and why in its own words. */
export interface PartFault extends Fault {
  readonly name: string
  readonly why: string
  /** The platform is ready without it. */
  readonly isOptional: boolean
  /** It was asked, and gave no answer in time. */
  readonly isSilent: boolean
}

/** The parts of a running stack that are at fault now: each process is asked, for it knows before its supervisor. */
export async function partFaults({ components, supervisor }: StackState): Promise<PartFault[]> {
  const faults = await Promise.all(components.map(partFault))
  const { pid } = supervisor
  const held = isStopped(pid) ? [{ ...HELD_SUPERVISOR, fix: `kill -CONT ${pid}` }] : []
  return [...faults.filter((fault) => fault !== undefined), ...held]
}

const HELD_SUPERVISOR = {
  name: 'supervisor',
  why: 'stopped by a signal',
  text: 'the supervisor was stopped by a signal: it starts nothing again, and what it says is old',
  isOptional: false,
  isSilent: false,
}

async function partFault(part: StackState['components'][number]): Promise<PartFault | undefined> {
  const { name, kind, state, address, detail = '', optional: isOptional = false } = part
  // Whatever is optional is done without, or comes later, and status says why.
  if (state === 'absent' || (isOptional && ON_ITS_WAY.includes(state))) return undefined
  const fault = (is: string, why: string) => {
    const text = why === '' ? `${name} is ${is}` : `${name} is ${is}: ${why}`
    return { name, text, why, isOptional, isSilent: is === SILENT, fix: `see ./upi logs ${name}` }
  }
  if (kind !== 'process' || address === '') {
    return state === 'ready' || state === 'done' ? undefined : fault(state, detail)
  }
  try {
    const unready = await readUnready(address)
    return unready === null ? undefined : fault('not ready', unready)
  } catch (cause) {
    return fault(state === 'ready' ? SILENT : state, (cause as Error).message)
  }
}

const SILENT = 'silent'
const ON_ITS_WAY = ['waiting', 'fetching', 'starting']
