import type { UpiError } from '../../core/errors.ts'
import type { Component } from './component.ts'
import { logFile } from './home.ts'
import { lastLines } from './log-file.ts'
import type { StackOptions } from './options.ts'
import { startToken } from './process-table.ts'
import {
  type ComponentPhase,
  type ComponentState,
  type Failure,
  type StackState,
  writeState,
} from './state.ts'

/** Keeps state.json true: every change of a component replaces it. */
export class Report {
  readonly #home: string
  readonly #base: Pick<StackState, 'stackId' | 'portBase' | 'supervisor' | 'startedAt'>
  readonly #components: Map<string, ComponentState>
  #isStopping = false
  #isOver = false
  #readyAt: string | undefined
  #failure: Failure | undefined

  constructor(options: StackOptions & { stackId: string }, components: readonly Component[]) {
    this.#home = options.home
    this.#base = {
      stackId: options.stackId,
      portBase: options.portBase,
      supervisor: { pid: process.pid, token: startToken(process.pid) ?? '' },
      startedAt: new Date().toISOString(),
    }
    this.#components = new Map(components.map((each) => [each.name, initialState(each)]))
    this.#write()
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Where a component stands now. */
  of(name: string): ComponentState {
    return this.#components.get(name) as ComponentState
  }

  /** Notes a change of a component; undefined removes what was noted. */
  change(name: string, patch: Patch): void {
    const merged = { ...this.of(name), ...patch }
    const kept = Object.entries(merged).filter(([, value]) => value !== undefined)
    this.#components.set(name, Object.fromEntries(kept) as unknown as ComponentState)
    if (this.#isReady()) this.#readyAt ??= new Date().toISOString()
    if (patch.state !== undefined) this.#log(name, patch.state, patch.detail)
    this.#write()
  }

  /** Notes why the start failed; the first reason is kept, others follow from it. */
  fail(component: string | undefined, error: UpiError): void {
    const { code, message, fix } = error
    if (component !== undefined) {
      this.change(component, { ...NOT_RUNNING, state: 'failed', detail: message })
    }
    if (this.#failure !== undefined) return
    const lines = component === undefined ? [] : lastLines(logFile(this.#home, component))
    this.#failure = {
      code,
      message: component === undefined ? message : `${component}: ${message}`,
      ...(fix === undefined ? {} : { fix }),
      ...(component === undefined ? {} : { component }),
      lines: code === 'COMPONENT_FAILED' ? lines : [],
    }
    this.#write()
  }

  /** Notes that an optional component is done without, and why. */
  leaveOut(component: string, { message, fix }: UpiError): void {
    const detail = fix === undefined ? message : `${message}; ${fix}`
    this.change(component, { ...NOT_RUNNING, state: 'absent', detail })
  }

  /** Notes that the end has begun. */
  stopping(): void {
    this.#isStopping = true
    this.#write()
  }

  /** Notes that nothing runs any more. */
  over(): void {
    this.#isOver = true
    for (const { name, state } of this.#components.values()) {
      const isFinal = FINAL.includes(state)
      if (!isFinal) this.change(name, { ...NOT_RUNNING, state: 'stopped' })
    }
    this.#write()
  }

  #isReady(): boolean {
    return [...this.#components.values()].every(
      ({ state, optional }) => state === 'ready' || state === 'done' || optional === true,
    )
  }

  #phase(): StackState['phase'] {
    if (this.#isOver) return this.failed ? 'failed' : 'stopped'
    if (this.#isStopping || this.failed) return 'stopping'
    return this.#readyAt === undefined ? 'starting' : 'ready'
  }

  // A full disk must not end the supervisor; what it says then is old, what it does is right.
  #write(): void {
    try {
      writeState(this.#home, {
        phase: this.#phase(),
        ready: this.#phase() === 'ready' && this.#isReady(),
        ...this.#base,
        ...(this.#readyAt === undefined ? {} : { readyAt: this.#readyAt }),
        ...(this.#failure === undefined ? {} : { failure: this.#failure }),
        components: [...this.#components.values()],
      })
    } catch (error) {
      this.#log('supervisor', 'state not written', (error as Error).message)
    }
  }

  #log(component: string, state: string, detail: string | undefined): void {
    const line = {
      time: new Date().toISOString(),
      msg: 'component changed',
      component,
      state,
      detail,
    }
    process.stderr.write(`${JSON.stringify(line)}\n`)
  }
}

const FINAL: readonly ComponentPhase[] = ['done', 'failed', 'absent', 'stopped']

/** What a component that does not run has not. */
export const NOT_RUNNING = { pid: undefined, token: undefined, detail: undefined } as const

/** What may change in a component's state. */
export type Patch = {
  readonly [Key in keyof ComponentState]?: ComponentState[Key] | undefined
} & { readonly state?: ComponentPhase }

function initialState(component: Component): ComponentState {
  const { name, kind, external, optional, address, version } = component
  const mark = optional === undefined ? {} : { optional }
  return {
    name,
    kind,
    external,
    ...mark,
    state: 'waiting',
    address,
    version,
    restarts: 0,
    hangs: 0,
  }
}
