import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { CHECKOUT, loadConfig } from '../platform/config.ts'
import {
  type ComponentState,
  type ProcessSpec,
  readState,
  type StackOptions,
  stopStack,
} from '../platform/stack/index.ts'
import { findLeftovers } from '../platform/stack/leftovers.ts'
import { isFree } from '../platform/stack/ports.ts'
import { type ProcessId, signalProcess } from '../platform/stack/process-table.ts'
import { plainEnvironment } from './plain-environment.ts'

const PORTS = 20
const BASE_MIN = 20_000
const BASES = 400

/** Options for a stack of a test's own, in a new home on free ports. */
export async function ownStackOptions(given: Partial<StackOptions> = {}): Promise<StackOptions> {
  return {
    home: mkdtempSync(join(tmpdir(), 'upi-stack-')),
    cacheDir: loadConfig().cacheDir,
    portBase: await freePortBase(),
    checkout: CHECKOUT,
    secrets: { postgresPassword: 'for @ test', registryPassword: 'for a test' },
    env: plainEnvironment(),
    ...given,
  }
}

/** Stops a stack, whatever state a test left it in, and removes its home. */
export async function removeOwnStack({ home }: StackOptions): Promise<void> {
  await stopStack(home)
  rmSync(home, { recursive: true, force: true })
}

/** A small web server as one of the platform's processes; it is ready when it answers. */
export function webProcess(portBase: number, needs: readonly string[]): ProcessSpec {
  const port = portBase + 10
  const script = `require('node:http').createServer((_, answer) => answer.end()).listen(${port}, '127.0.0.1')`
  return {
    name: 'web',
    kind: 'process',
    argv: [process.execPath, '-e', script],
    env: plainEnvironment(),
    needs,
    readyUrl: `http://127.0.0.1:${port}/readyz`,
    aliveUrl: `http://127.0.0.1:${port}/healthz`,
    ports: [port],
  }
}

/** Every living process of a stack, its supervisor too. */
export function processesOf({ home }: StackOptions): ProcessId[] {
  const path = join(home, 'run', 'stack-id')
  try {
    const stackId = readFileSync(path, 'utf8').trim()
    return findLeftovers({ home, stackId, last: readState(home) })
  } catch {
    return []
  }
}

/** Kills exactly this process. Without a pid it refuses: pid 0 would mean every process of this test run. */
export function killNow(target: Partial<ProcessId> | undefined): void {
  const { pid, token } = target ?? {}
  if (pid === undefined || token === undefined) throw new Error('there is no process to kill')
  signalProcess({ pid, token }, 'SIGKILL')
}

/** Those of its ports that somebody listens on. */
export async function takenPorts({ portBase }: Pick<StackOptions, 'portBase'>): Promise<number[]> {
  const ports = Array.from({ length: PORTS }, (_, index) => portBase + index)
  const free = await Promise.all(ports.map(isFree))
  return ports.filter((_, index) => !free[index])
}

/** A component of a stack as it is now. */
export function componentOf({ home }: StackOptions, name: string): ComponentState | undefined {
  return readState(home)?.components.find((component) => component.name === name)
}

/** Runs one statement as the admin of a stack's Postgres. */
export async function query<Row>(options: StackOptions, text: string): Promise<Row[]> {
  const { portBase, secrets } = options
  const client = new pg.Client({
    host: '127.0.0.1',
    port: portBase,
    user: 'upi',
    database: 'upi',
    password: secrets.postgresPassword,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** The first of twenty free ports in a row. */
export async function freePortBase(): Promise<number> {
  const first = Math.floor(Math.random() * BASES)
  for (let tried = 0; tried < BASES; tried += 1) {
    const portBase = BASE_MIN + ((first + tried) % BASES) * PORTS
    const taken = await takenPorts({ portBase })
    if (taken.length === 0) return portBase
  }
  throw new Error('no twenty free ports in a row')
}
