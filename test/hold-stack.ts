import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../core/errors.ts'
import { CHECKOUT, loadConfig } from '../platform/config.ts'
import { prepareHome } from '../platform/local-stack.ts'
import {
  readState,
  type StackOptions,
  type StackState,
  startStack,
  stopStack,
  waitReady,
  wipe,
} from '../platform/stack/index.ts'
import { type Lock, tryLock } from '../platform/stack/lock.ts'
import { isFree } from '../platform/stack/ports.ts'
import { plainEnvironment } from './plain-environment.ts'

/*
 * Holds a local stack for one test run: `hold-stack.ts HOME`, a process of its own, so that it sees the run end,
 * however it ends. It starts the servers or joins those of another run, says so in one line of JSON, and waits until
 * its input is closed. The last to leave stops them and removes their data, unless it was told `keep`.
 */

const POLL_MS = 50
const PORTS = 20
const BASES_TRIED_MAX = 100

const home = process.argv[2] as string
const users = join(home, 'run', 'tests')
const left = new AbortController()
let keepsData = false
createInterface({ input: process.stdin })
  .on('line', (line) => {
    keepsData ||= line === 'keep'
  })
  .once('close', () => left.abort())

mkdirSync(users, { recursive: true })
const mine = await enter()
if (mine !== undefined) {
  if (!left.signal.aborted) {
    await new Promise((resolve) => left.signal.addEventListener('abort', resolve))
  }
  await leave(mine)
}
process.exit()

/** Starts or joins the servers; nobody else starts or stops them meanwhile. */
async function enter(): Promise<Lock | undefined> {
  const gate = await takeGate()
  try {
    const portBase = await start()
    say({ portBase })
    return tryLock(userLock(process.pid))
  } catch (fault) {
    await stopStack(home)
    const { message } = fault as Error
    say({
      fault: fault instanceof UpiError && fault.fix ? `${message}; fix: ${fault.fix}` : message,
    })
    return undefined
  } finally {
    gate.release()
  }
}

async function start(): Promise<number> {
  const running = readState(home)
  // Another run's, or what a killed one has left in good health.
  if (running?.phase === 'ready' && (running.ready || isUsed())) return running.portBase
  await stopStack(home)
  await wipe(home)
  const portBase = await freePortBase()
  const secrets = prepareHome(home, portBase)
  const options: StackOptions = {
    home,
    portBase,
    cacheDir: loadConfig().cacheDir,
    checkout: CHECKOUT,
    secrets: { postgresPassword: secrets.postgres, registryPassword: secrets.registry },
    env: plainEnvironment(),
  }
  await startStack(options, left.signal)
  await waitReady(home, { onChange: sayFetches(), signal: left.signal })
  return portBase
}

async function leave(mine: Lock): Promise<void> {
  const gate = await takeGate()
  mine.release()
  rmSync(userLock(process.pid), { force: true })
  if (!isUsed()) {
    await stopStack(home)
    if (!keepsData) await wipe(home)
  }
  gate.release()
}

/** Whether another run holds the lock on its file; the lock of a killed one is gone with it. */
function isUsed(): boolean {
  const locks = readdirSync(users).filter((name) => /^\d+$/.test(name))
  return locks.some((name) => {
    const lock = tryLock(join(users, name))
    lock?.release()
    if (lock !== undefined) rmSync(join(users, name), { force: true })
    return lock === undefined
  })
}

async function takeGate(): Promise<Lock> {
  for (;;) {
    const gate = tryLock(join(home, 'run', 'tests.gate'))
    if (gate !== undefined) return gate
    await sleep(POLL_MS)
  }
}

function userLock(pid: number): string {
  return join(users, String(pid))
}

/** Twenty free ports in a row, away from those of `./upi up`. */
async function freePortBase(): Promise<number> {
  const first = (loadConfig().portBase ?? 0) + 100
  for (let base = first; base < first + BASES_TRIED_MAX * PORTS; base += PORTS) {
    const ports = Array.from({ length: PORTS }, (_, index) => base + index)
    const free = await Promise.all(ports.map(isFree))
    if (free.every(Boolean)) return base
  }
  throw new UpiError('PORT_TAKEN', `no twenty free ports in a row from ${first}`, {
    fix: 'set UPI_PORT_BASE',
  })
}

/** Says once of each server that it is being fetched: the first time takes minutes. */
function sayFetches(): (state: StackState) => void {
  const said = new Set<string>()
  return ({ components }) => {
    for (const { name, state } of components) {
      if (state !== 'fetching' || said.has(name)) continue
      said.add(name)
      process.stderr.write(`test servers: fetching ${name} …\n`)
    }
  }
}

function say(line: { portBase: number } | { fault: string }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
