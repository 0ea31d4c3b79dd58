import { mkdirSync } from 'node:fs'
import { startToken } from '../platform/stack/process-table.ts'
import { type ComponentState, writeState } from '../platform/stack/state.ts'

/** Writes down a stack as if this very process had started it: for commands that look at what runs in a home. */
export function noteRunning(
  home: string,
  parts: readonly (Pick<ComponentState, 'name'> & Partial<ComponentState>)[],
): void {
  mkdirSync(home, { recursive: true })
  writeState(home, {
    phase: 'ready',
    ready: true,
    stackId: 'of-a-test',
    portBase: 1024,
    supervisor: { pid: process.pid, token: startToken(process.pid) as string },
    startedAt: new Date().toISOString(),
    components: parts.map((part) => ({
      kind: 'server',
      external: true,
      state: 'ready',
      address: '',
      version: '1.0',
      restarts: 0,
      hangs: 0,
      ...part,
    })),
  })
}
