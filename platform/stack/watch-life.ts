import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { HUNG_MS_MAX } from '../../core/stack-limits.ts'
import type { Calm } from './calm.ts'
import type { Component } from './component.ts'
import { letGoOn, type ProcessId } from './process-table.ts'
import { faultOf, HEALTH_MS } from './watch.ts'

/** Whom to watch, and by what. */
export interface Watched {
  readonly component: Pick<Component, 'alive' | 'spared' | 'readyMsMax'>
  readonly process: ProcessId
  readonly calm: Calm
  readonly signal: AbortSignal
  readonly hungMsMax?: number | undefined
  /** Told what is about to be done about a silent process. */
  tell(verdict: string): void
}

/**
 * Watches whether a process lives, which is less than that it is ready: one that waits for another server answers, a
 * hung one does not. Throws when it has been silent for too long and is to be ended; one that is spared is let go on.
 */
export async function watchLife(watched: Watched): Promise<never> {
  const { component, process, calm, signal, tell } = watched
  const { alive, spared, readyMsMax } = component
  const hungMsMax = watched.hungMsMax ?? HUNG_MS_MAX
  let heardAt = performance.now()
  // Before it has ever answered it starts, and that takes what it takes.
  let msMax = spared ? hungMsMax : Math.max(readyMsMax, hungMsMax)
  for (;;) {
    await sleep(Math.min(HEALTH_MS, hungMsMax / 2), undefined, { signal })
    const fault = alive && (await faultOf(() => alive(hungMsMax, process.pid), signal))
    if (fault === undefined) {
      heardAt = performance.now()
      msMax = hungMsMax
      continue
    }
    const silentMs = performance.now() - Math.max(heardAt, calm.since)
    if (silentMs <= msMax) continue
    const why = `hung: no sign of life for ${Math.round(silentMs / 1000)} s (${fault.message})`
    calm.beginAnew()
    if (!spared) {
      tell(`${why}; it is ended and started again`)
      throw new UpiError('COMPONENT_FAILED', why)
    }
    tell(`${why}; it is let go on`)
    letGoOn(process)
  }
}
