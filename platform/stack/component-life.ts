import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { FIRST_STARTS_MAX, HEALTHY_MS_MIN } from '../../core/stack-limits.ts'
import { orAborted } from './abort.ts'
import { asUpiError } from './as-upi-error.ts'
import { BackOff } from './back-off.ts'
import type { Calm } from './calm.ts'
import { type Child, type Exit, spawnChild } from './child.ts'
import type { Component } from './component.ts'
import { explainEnd } from './explain-end.ts'
import type { Fetched } from './fetch/part.ts'
import { logFile } from './home.ts'
import type { StackOptions } from './options.ts'
import { NOT_RUNNING, type Report } from './report.ts'
import { becomesReady, watchHealth } from './watch.ts'
import { watchLife } from './watch-life.ts'

/** What a component's life knows of the rest of the stack. */
export interface Surroundings {
  readonly options: StackOptions
  readonly report: Report
  readonly stopping: AbortSignal
  readonly calm: Calm
  becameReady(): void
  needsReady(): Promise<unknown>
  dependentsGone(): Promise<unknown>
}

/**
 * Runs one component from the fetching of its programs until the stack stops. Throws when it cannot be brought up;
 * once it was up it is started again for ever.
 */
export async function runComponent(component: Component, around: Surroundings): Promise<void> {
  const { report, stopping } = around
  try {
    const fetched = await bring(component, around)
    if (component.kind === 'step') await runStep(component, around)
    else if (component.external) await watchExternal(component, around)
    else await keepRunning(component, fetched, around)
  } finally {
    const isDone = report.of(component.name).state === 'done'
    if (stopping.aborted && !isDone) {
      report.change(component.name, { ...NOT_RUNNING, state: 'stopped' })
    }
  }
}

async function bring(component: Component, around: Surroundings): Promise<Fetched | undefined> {
  const { report, stopping, options } = around
  const { name, needs } = component
  if (needs.length > 0) report.change(name, { detail: `needs ${needs.join(', ')}` })
  let toldAt = 0
  const progress = (detail: string) => {
    if (Date.now() - toldAt < PROGRESS_MS) return
    toldAt = Date.now()
    const isKnown = report.of(name).state === 'fetching'
    report.change(name, isKnown ? { detail } : { detail, state: 'fetching' })
  }
  const { cacheDir, env } = options
  const needed = orAborted(around.needsReady(), stopping)
  needed.catch(() => {})
  // In this order: an aborted fetch is waited for, until it has cleaned up behind itself.
  const fetched = await component.fetch?.({ cacheDir, env, signal: stopping, progress })
  await needed
  const arrived = fetched?.fresh === undefined ? {} : { fetched: fetched.fresh }
  const version = fetched?.version === undefined ? {} : { version: fetched.version }
  report.change(name, { detail: undefined, ...arrived, ...version })
  return fetched
}

const PROGRESS_MS = 250

async function watchExternal(component: Component, around: Surroundings): Promise<void> {
  try {
    await tend(component, component.readyMsMax, around, around.stopping)
  } catch (error) {
    around.stopping.throwIfAborted()
    const { address, unavailable = 'COMPONENT_FAILED' } = component
    throw new UpiError(unavailable, `${address} ${(error as Error).message}`, {
      fix: 'see that it runs and that its address is right, or unset the address to use the local stack',
      cause: error,
    })
  }
}

async function runStep(component: Component, around: Surroundings): Promise<void> {
  const { report, stopping, becameReady } = around
  const end = performance.now() + component.readyMsMax
  const backOff = new BackOff()
  for (;;) {
    const child = await launch(component, undefined, around)
    const late = sleep(end - performance.now(), lateness(component), { ref: false })
    const ended = await endOf(component, child, { around, fault: late })
    if (ended.exit.code === 0) {
      report.change(component.name, { ...NOT_RUNNING, state: 'done' })
      return becameReady()
    }
    const failure = explainEnd(component, child, { ...ended, home: around.options.home })
    const delay = backOff.next(0)
    // 3 is the platform's word for "something outside is not available": it may be in a moment.
    if (ended.exit.code !== EXIT_UNAVAILABLE || performance.now() + delay > end) throw failure
    restarting(component, around, failure.message)
    await sleep(delay, undefined, { signal: stopping })
  }
}

const EXIT_UNAVAILABLE = 3

function lateness({ readyMsMax }: Component): Error {
  return new Error(`was not done within ${readyMsMax / 1000} s`)
}

async function keepRunning(
  component: Component,
  fetched: Fetched | undefined,
  around: Surroundings,
): Promise<void> {
  const backOff = new BackOff()
  // Without a probe only time tells whether a process works: a life of ten seconds counts.
  const provenMs = component.probe === undefined ? HEALTHY_MS_MIN : 0
  const firstEnd = performance.now() + component.readyMsMax
  let isProven = false
  for (let starts = 1; ; starts += 1) {
    const { healthyMs, failure, isFinal } = await liveOnce(component, fetched, around, isProven)
    isProven ||= healthyMs >= provenMs
    const isHopeless = isFinal || starts >= FIRST_STARTS_MAX || performance.now() > firstEnd
    if (!isProven && isHopeless) throw failure
    restarting(component, around, failure.message)
    await sleep(backOff.next(healthyMs), undefined, { signal: around.stopping })
  }
}

interface Life {
  /** Negative: it was never ready. */
  readonly healthyMs: number
  readonly failure: UpiError
  /** Another start would fail the same way. */
  readonly isFinal: boolean
}

async function liveOnce(
  component: Component,
  fetched: Fetched | undefined,
  around: Surroundings,
  isProven: boolean,
): Promise<Life> {
  const { stopping, options } = around
  let child: Child
  try {
    child = await launch(component, fetched, around)
  } catch (error) {
    stopping.throwIfAborted()
    return { healthyMs: -1, failure: asUpiError(error), isFinal: true }
  }
  const life = new AbortController()
  const signal = AbortSignal.any([life.signal, stopping])
  // What was ready once may wait for others as long as it lives: to start it again would bring nothing nearer.
  const isPatient = isProven && component.alive !== undefined
  const readyMsMax = isPatient ? Number.POSITIVE_INFINITY : component.readyMsMax
  const ready: { at?: number } = {}
  const becameReady = () => {
    ready.at = performance.now()
    around.becameReady()
  }
  const fault = Promise.race([
    tend(component, readyMsMax, { ...around, becameReady }, signal),
    watchLife({
      component,
      process: child,
      calm: around.calm,
      signal,
      hungMsMax: options.hungMsMax,
      tell: (verdict) => hangs(component, around, verdict),
    }),
  ])
    .catch((error: Error) => error)
    // What it answers while it is ended is no news.
    .finally(() => life.abort())
  const ended = await endOf(component, child, { around, fault }).finally(() => life.abort())
  const healthyMs = ready.at === undefined ? -1 : performance.now() - ready.at
  const failure = explainEnd(component, child, { ...ended, home: options.home })
  return { healthyMs, failure, isFinal: ended.fault !== undefined }
}

function restarting({ name }: Component, { report }: Surroundings, detail: string): void {
  const restarts = report.of(name).restarts + 1
  report.change(name, { ...NOT_RUNNING, readyAt: undefined, state: 'restarting', detail, restarts })
}

function hangs({ name }: Component, { report }: Surroundings, detail: string): void {
  report.change(name, { state: 'unready', detail, hangs: report.of(name).hangs + 1 })
}

async function launch(
  component: Component,
  fetched: Fetched | undefined,
  { report, stopping, options }: Surroundings,
): Promise<Child> {
  const { name } = component
  report.change(name, { state: 'starting', detail: undefined })
  const logPath = logFile(options.home, name)
  const plan = await component.prepare?.({ fetched, signal: stopping, logPath })
  stopping.throwIfAborted()
  if (plan === undefined) throw new Error(`${name} has nothing to start`)
  const child = spawnChild(plan, logPath)
  const startedAt = new Date().toISOString()
  const { pid, token } = child
  report.change(name, { ...(pid > 0 ? { pid, token } : {}), startedAt })
  return child
}

// Waits until ready, says so, and looks after it from then on; ends only by a fault or the signal.
async function tend(
  component: Component,
  readyMsMax: number,
  around: Surroundings,
  signal: AbortSignal,
) {
  const { report, becameReady } = around
  const { name } = component
  await becomesReady(component, readyMsMax, signal)
  report.change(name, { state: 'ready', readyAt: new Date().toISOString(), detail: undefined })
  becameReady()
  return watchHealth(component, signal, (fault) => {
    const isReady = report.of(name).state === 'ready'
    if (fault === undefined && !isReady) report.change(name, { state: 'ready', detail: undefined })
    if (fault !== undefined && isReady) report.change(name, { state: 'unready', detail: fault })
  })
}

interface Ended {
  readonly exit: Exit
  /** Why we ended it ourselves. */
  readonly fault: Error | undefined
}

/** Waits until a process has ended: by itself, by our hand because of a fault, or in its turn when the stack stops. */
async function endOf(
  component: Component,
  child: Child,
  { around, fault }: { around: Surroundings; fault: Promise<Error> },
): Promise<Ended> {
  const { stopping, report } = around
  const { stopSignal, graceMsMax, name } = component
  const first = Promise.race([child.exited.then(() => undefined), fault])
  const why = await orAborted(first, stopping).catch(() => undefined)
  if (stopping.aborted) {
    await around.dependentsGone()
    report.change(name, { state: 'stopping' })
    await child.stop(stopSignal, graceMsMax)
    throw stopping.reason
  }
  if (why !== undefined) await child.stop(stopSignal, graceMsMax)
  return { exit: await child.exited, fault: why }
}
