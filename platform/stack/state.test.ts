import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startToken } from './process-table.ts'
import { type ComponentState, readState, type StackState, writeState } from './state.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'upi-state-'))
})
afterEach(() => rmSync(home, { recursive: true }))

test('no file and a file cut short are both no state', () => {
  expect(readState(home)).toBeUndefined()
  writeFileSync(join(home, 'state.json'), '{"phase": "rea')
  expect(readState(home)).toBeUndefined()
})

test('a state with a living supervisor is read as it was written, and no temporary file stays', () => {
  const state = stateOf('ready', alive())
  writeState(home, state)
  expect(readState(home)).toEqual(state)
  expect(readdirSync(home)).toEqual(['state.json'])
})

test('a supervisor whose pid now belongs to another process is lost', () => {
  writeState(home, stateOf('ready', { pid: process.pid, token: 'an earlier process' }))
  const state = readState(home)
  expect(state).toMatchObject({ phase: 'lost', ready: false })
  expect(state?.components.map(({ state: phase }) => phase)).toEqual(['unready', 'stopped', 'done'])
})

test('a stack that was stopped needs no supervisor', () => {
  writeState(home, stateOf('stopped', { pid: 1, token: 'gone' }))
  expect(readState(home)?.phase).toBe('stopped')
})

function alive() {
  return { pid: process.pid, token: startToken(process.pid) ?? '' }
}

function stateOf(phase: StackState['phase'], supervisor: StackState['supervisor']): StackState {
  const component = (name: string, rest: Partial<ComponentState>): ComponentState => ({
    name,
    kind: 'server',
    external: false,
    state: 'ready',
    address: '127.0.0.1:1',
    version: '1',
    restarts: 0,
    hangs: 0,
    ...rest,
  })
  return {
    phase,
    ready: true,
    stackId: 'id',
    portBase: 1,
    supervisor,
    startedAt: '2026-02-01T00:00:00.000Z',
    components: [
      component('postgres', alive()),
      component('kafka', { pid: process.pid, token: 'an earlier process' }),
      component('migrate', { kind: 'step', state: 'done' }),
    ],
  }
}
