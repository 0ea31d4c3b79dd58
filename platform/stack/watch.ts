import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { orAborted } from './abort.ts'
import type { Component } from './component.ts'

/** How often each is asked. */
export const HEALTH_MS = 5_000

/** Settles when a component answers its probe; throws when it has not by its ceiling, or never will. */
export async function becomesReady(
  { probe }: Component,
  readyMsMax: number,
  signal: AbortSignal,
): Promise<void> {
  if (probe === undefined) return
  const end = performance.now() + readyMsMax
  for (let pause = PAUSE_MS_MIN; ; pause = Math.min(pause * 1.5, PAUSE_MS_MAX)) {
    const fault = await faultOf(probe, signal)
    if (fault === undefined) return
    if (fault instanceof UpiError) throw fault
    if (performance.now() > end) {
      throw new Error(`did not become ready within ${readyMsMax / 1000} s (${fault.message})`)
    }
    await sleep(pause, undefined, { signal })
  }
}

/** Asks a component now and then, until aborted; tells the fault when it failed twice in a row. */
export async function watchHealth(
  { probe }: Component,
  signal: AbortSignal,
  tell: (fault: string | undefined) => void,
): Promise<never> {
  let faults = 0
  for (;;) {
    await sleep(HEALTH_MS, undefined, { signal })
    const fault = probe && (await faultOf(probe, signal))
    faults = fault === undefined ? 0 : faults + 1
    if (faults === 0) tell(undefined)
    if (faults >= FAULTS_TOLD_MIN) tell(`does not answer: ${fault?.message}`)
  }
}

const PAUSE_MS_MIN = 20
const PAUSE_MS_MAX = 200
// One unanswered probe is a busy machine, two in a row are not.
const FAULTS_TOLD_MIN = 2

/** What a probe complains of; undefined when it is content. */
export async function faultOf(
  probe: () => Promise<void>,
  signal: AbortSignal,
): Promise<Error | undefined> {
  try {
    await orAborted(probe(), signal)
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return error as Error
  }
}
