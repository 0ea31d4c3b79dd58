import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { isPresent } from './process-table.ts'
import { isOver, readState, type StackState } from './state.ts'

/** Follows a start until everything is ready; throws what made it fail. */
export async function waitReady(
  home: string,
  watch: { onChange?: (state: StackState) => void; signal?: AbortSignal } = {},
): Promise<StackState> {
  for await (const state of changes(home, watch.signal)) {
    watch.onChange?.(state)
    if (state.phase === 'ready') return state
    if (isOver(state.phase)) throw startFailure(state)
  }
  throw new UpiError('NOT_READY', 'the platform was never started here')
}

/** Tells every change until aborted or until the stack is over. */
export async function watchStack(
  home: string,
  onChange: (state: StackState) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const state of changes(home, signal)) {
    onChange(state)
    if (isOver(state.phase)) return
  }
}

/** Why a start did not come to its end, as an error for people. */
export function startFailure({ failure, phase }: StackState): UpiError {
  if (failure !== undefined) {
    const { code, message, fix } = failure
    return new UpiError(code, message, fix === undefined ? {} : { fix })
  }
  const what = phase === 'lost' ? 'its supervisor was killed' : 'it was stopped'
  return new UpiError('COMPONENT_FAILED', `the platform did not start: ${what}`)
}

const POLL_MS = 50

async function* changes(home: string, signal?: AbortSignal): AsyncGenerator<StackState> {
  let last = ''
  for (;;) {
    signal?.throwIfAborted()
    const state = readState(home)
    if (state === undefined) return
    const text = JSON.stringify(state)
    if (text !== last && !isLeaving(state)) {
      last = text
      yield state
    }
    await sleep(POLL_MS, undefined, { ...(signal === undefined ? {} : { signal }) })
  }
}

// It has said that all is over, and is about to end itself.
function isLeaving({ phase, supervisor }: StackState): boolean {
  return isOver(phase) && isPresent(supervisor)
}
