import { setTimeout } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { DEBUG_SIGNAL } from '../telemetry.ts'
import { isAlive, signalProcess } from './process-table.ts'
import { type ComponentState, readState } from './state.ts'

// A process changes its level as soon as it comes to it; one that computes takes longer.
const CHANGE_MS_MAX = 5_000
const LOOK_EVERY_MS = 50
const ASK_MS_MAX = 2_000

/**
 * Takes a process of the running stack to debug, or back to its configured level; gives the level it logs at now. The
 * signal reaches exactly the process that the supervisor has started, and only one that says that it listens.
 */
export async function setDebug(home: string, name: string, isWanted: boolean): Promise<string> {
  const part = readState(home)?.components.find((component) => component.name === name)
  const { pid, token } = part ?? {}
  if (part === undefined || pid === undefined || token === undefined || !isAlive(pid, token)) {
    throw new UpiError('NOT_READY', `${name} does not run in ${home}`, { fix: 'see ./upi status' })
  }
  const before = await levelOf(part)
  if (isDebug(before) === isWanted) return before
  signalProcess({ pid, token }, DEBUG_SIGNAL)
  const end = performance.now() + CHANGE_MS_MAX
  for (;;) {
    const now = await levelOf(part)
    if (isDebug(now) === isWanted) return now
    if (performance.now() > end) {
      throw new UpiError('NOT_READY', `${name} still logs at ${now}`, {
        fix: 'its UPI_LOG_LEVEL says so: change it and start again',
      })
    }
    await setTimeout(LOOK_EVERY_MS)
  }
}

function isDebug(level: string): boolean {
  return level === 'debug' || level === 'trace'
}

// A server, or a process that is just starting, does not answer: the signal would end it.
async function levelOf({ name, kind, address }: ComponentState): Promise<string> {
  if (kind !== 'process') {
    throw new UpiError('OPTION_INVALID', `${name} has a log level of its own`, {
      fix: 'choose stream, worker or traffic',
    })
  }
  try {
    const signal = AbortSignal.timeout(ASK_MS_MAX)
    const response = await fetch(`http://${address}/loglevel`, { signal })
    const text = (await response.text()).trim()
    if (response.ok) return text
    throw new Error(`answers ${response.status}`)
  } catch (cause) {
    throw new UpiError('NOT_READY', `${name} at ${address} does not tell its log level`, {
      fix: 'see ./upi status',
      cause,
    })
  }
}
