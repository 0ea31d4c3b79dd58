import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ErrorCode } from '../../core/errors.ts'
import { homePaths } from './home.ts'
import { isAlive, type ProcessId } from './process-table.ts'

/** What the supervisor says about the stack; kept in state.json, replaced whole at every change. */
export interface StackState {
  readonly phase: Phase
  /** Every component is ready or done, now. */
  readonly ready: boolean
  readonly stackId: string
  readonly portBase: number
  readonly supervisor: { readonly pid: number; readonly token: string }
  readonly startedAt: string
  readonly readyAt?: string
  readonly failure?: Failure
  readonly components: readonly ComponentState[]
}

/** `lost`: the supervisor died; the next start or stop cleans up what it left. */
export type Phase = 'starting' | 'ready' | 'stopping' | 'stopped' | 'failed' | 'lost'

export interface ComponentState {
  readonly name: string
  readonly kind: 'server' | 'process' | 'step'
  readonly external: boolean
  readonly optional?: true
  readonly state: ComponentPhase
  readonly pid?: number
  /** Tells this process from a later one with the same pid. */
  readonly token?: string
  readonly address: string
  readonly version: string
  readonly startedAt?: string
  readonly readyAt?: string
  readonly restarts: number
  /** How often it hung, and was ended or let go on. */
  readonly hangs: number
  /** One line: what it waits for, how the fetch goes, why it failed. */
  readonly detail?: string
  /** Set when this start had to fetch the component's part. */
  readonly fetched?: { readonly source: string; readonly ms: number; readonly bytes: number }
}

/** `absent`: an optional one that cannot be had or does not start; its detail says why. */
export type ComponentPhase =
  | 'waiting'
  | 'fetching'
  | 'starting'
  | 'ready'
  | 'unready'
  | 'restarting'
  | 'done'
  | 'failed'
  | 'absent'
  | 'stopping'
  | 'stopped'

/** Why a start failed: an error for people, and the end of the log it comes from. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly fix?: string
  readonly component?: string
  readonly lines: readonly string[]
}

/** The state as it is: what a dead supervisor left says `lost`. Undefined if nothing was ever started here. */
export function readState(home: string): StackState | undefined {
  const state = parseState(home)
  if (state === undefined || isOver(state.phase)) return state
  const { pid, token } = state.supervisor
  return isAlive(pid, token) ? state : lostState(state)
}

/** The supervisor that looks after this home now. */
export function liveSupervisor(home: string): ProcessId | undefined {
  const state = readState(home)
  return state === undefined || isOver(state.phase) ? undefined : state.supervisor
}

/** Replaces state.json in one step, so that a reader never sees half of it. */
export function writeState(home: string, state: StackState): void {
  const path = homePaths(home).state
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`)
  renameSync(temporary, path)
}

/** A stack in this phase has no supervisor. */
export function isOver(phase: Phase): boolean {
  return phase === 'stopped' || phase === 'failed' || phase === 'lost'
}

/** The state of a stack whose supervisor died: what still runs is shown as unready. */
export function lostState(state: StackState): StackState {
  const components = state.components.map((component): ComponentState => {
    const { pid, token, ...rest } = component
    if (component.external || isSettled(component.state)) return component
    if (pid === undefined || token === undefined || !isAlive(pid, token)) {
      return { ...rest, state: 'stopped' }
    }
    return { ...component, state: 'unready', detail: 'runs without its supervisor' }
  })
  return { ...state, phase: 'lost', ready: false, components }
}

function isSettled(state: ComponentPhase): boolean {
  return state === 'done' || state === 'absent'
}

function parseState(home: string): StackState | undefined {
  try {
    return JSON.parse(readFileSync(homePaths(home).state, 'utf8')) as StackState
  } catch (error) {
    // A file cut short by a power loss tells no more than a missing one.
    if (error instanceof SyntaxError) return undefined
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
