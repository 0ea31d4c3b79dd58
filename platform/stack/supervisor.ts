import { setInterval } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import { asUpiError } from './as-upi-error.ts'
import { Calm, TICK_MS } from './calm.ts'
import type { Component } from './component.ts'
import { runComponent } from './component-life.ts'
import { stackComponents } from './components.ts'
import { homePaths, logFile } from './home.ts'
import { stopLeftovers } from './leftovers.ts'
import { type Lock, tryLock } from './lock.ts'
import { rotateLog } from './log-file.ts'
import type { StackOptions } from './options.ts'
import { dependents } from './plan.ts'
import { preflight } from './preflight.ts'
import { Report } from './report.ts'
import { liveSupervisor, readState } from './state.ts'
import { EXIT_HELD } from './supervisor-exit.ts'

/**
 * The life of a stack: takes the home folder, cleans what a dead predecessor left, starts all components beside each
 * other, keeps them running until told to stop or until the start fails, and stops them in reverse order.
 */
export async function supervise(
  options: StackOptions & { stackId: string },
  stopping: AbortController,
): Promise<number> {
  const { home, stackId } = options
  const lock = await lockHome(home)
  if (lock === undefined) return EXIT_HELD
  const last = readState(home)
  const components = stackComponents(options)
  const report = new Report(options, components)
  const calm = new Calm()
  const rotation = setInterval(() => rotateLogs(home, components), LOG_CHECK_MS)
  const ticks = setInterval(() => calm.since, TICK_MS)
  try {
    await stopLeftovers({ home, stackId, last })
    await preflight(options, components)
    await runAll({ components, options, report, stopping, calm })
  } catch (error) {
    if (!stopping.signal.aborted) report.fail(undefined, asUpiError(error))
  } finally {
    clearInterval(rotation)
    clearInterval(ticks)
    await stopLeftovers({ home, stackId, last: readState(home) })
    report.over()
    lock.release()
  }
  return report.failed ? 3 : 0
}

// A supervisor that was just killed holds its lock until the kernel has cleared it away.
async function lockHome(home: string): Promise<Lock | undefined> {
  const end = Date.now() + DYING_MS_MAX
  for (;;) {
    const lock = tryLock(homePaths(home).lock)
    const isHeld = lock === undefined && liveSupervisor(home) !== undefined
    if (lock !== undefined || isHeld || Date.now() > end) return lock
    await sleep(POLL_MS)
  }
}

const DYING_MS_MAX = 5_000
const POLL_MS = 25
const LOG_CHECK_MS = 5_000

function rotateLogs(home: string, components: readonly Component[]): void {
  for (const name of [...components.map((component) => component.name), 'supervisor']) {
    rotateLog(logFile(home, name))
  }
}

async function runAll(stack: {
  components: readonly Component[]
  options: StackOptions
  report: Report
  stopping: AbortController
  calm: Calm
}): Promise<void> {
  const { components, options, report, stopping, calm } = stack
  const ready = new Map(components.map(({ name }) => [name, Promise.withResolvers<void>()]))
  const gone = new Map(components.map(({ name }) => [name, Promise.withResolvers<void>()]))
  const signal = stopping.signal
  signal.addEventListener('abort', () => report.stopping(), { once: true })
  const lives = components.map(async (component) => {
    const { name, needs } = component
    try {
      await runComponent(component, {
        options,
        report,
        calm,
        stopping: signal,
        becameReady: () => ready.get(name)?.resolve(),
        needsReady: async () => {
          await Promise.all(needs.map((need) => ready.get(need)?.promise))
        },
        dependentsGone: async () => {
          await Promise.all(dependents(components, name).map((other) => gone.get(other)?.promise))
        },
      })
    } catch (error) {
      if (component.optional && !signal.aborted) return report.leaveOut(name, asUpiError(error))
      if (!signal.aborted) report.fail(name, asUpiError(error))
      stopping.abort()
    } finally {
      gone.get(name)?.resolve()
    }
  })
  await Promise.all(lives)
  // Steps alone do not end a stack: it runs until it is told to stop.
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
}
