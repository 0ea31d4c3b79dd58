import type { StackState } from '../../platform/stack/index.ts'
import { readUnready } from '../../platform/stream-process.ts'
import type { Fault } from './look.ts'

/** The parts of a running stack that are not as they should be: each process is asked, which knows before its supervisor. */
export async function partFaults({ components }: StackState): Promise<Fault[]> {
  const faults = await Promise.all(components.map(partFault))
  return faults.filter((fault) => fault !== undefined)
}

async function partFault(part: StackState['components'][number]): Promise<Fault | undefined> {
  const { name, kind, state, address, detail } = part
  // Whatever is optional is done without, and status says why.
  if (state === 'absent') return undefined
  const fix = `see ./upi logs ${name}`
  const isWell = state === 'ready' || state === 'done'
  if (kind !== 'process' || address === '') {
    const why = detail === undefined ? '' : `: ${detail}`
    return isWell ? undefined : { text: `${name} is ${state}${why}`, fix }
  }
  try {
    const unready = await readUnready(address)
    return unready === null ? undefined : { text: `${name} is not ready: ${unready}`, fix }
  } catch (fault) {
    return { text: `${name} is ${state}: ${(fault as Error).message}`, fix }
  }
}
