import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UpiError } from '../../core/errors.ts'
import { CHECKOUT, type Config, loadConfig, NODE_ARGS } from '../../platform/config.ts'
import { readState, stopStack } from '../../platform/stack/index.ts'
import { type ProcessId, signalProcess } from '../../platform/stack/process-table.ts'
import { freePortBase } from '../own-stack.ts'
import { plainEnvironment } from '../plain-environment.ts'

/** Servers for one run of chaos: in a home and on ports of their own, so that what is broken is nobody else's. */
export interface PrivateStack {
  readonly home: string
  /** All that a command needs to use this stack. */
  readonly env: Readonly<Record<string, string>>
  readonly config: Config
  /** Signals a server; false when it is not running just now. */
  signal(server: Server, signal: NodeJS.Signals): boolean
  stop(options: { keep: boolean }): Promise<void>
}

export type Server = 'postgres' | 'kafka' | 'registry'

const PARTS = 'postgres,kafka,registry,migrate,topics,schema'

/** The pinned Node with a command of the platform. */
export function commandOf(...args: string[]): [string, string[]] {
  return [process.execPath, [...NODE_ARGS, join(CHECKOUT, 'cli', 'main.ts'), ...args]]
}

/** Starts Postgres, Kafka and the registry, with tables, topics and schemas; supervised as `./upi up` does. */
export async function startPrivateStack(
  settings: Readonly<Record<string, string>>,
): Promise<PrivateStack> {
  const home = mkdtempSync(join(tmpdir(), 'upi-chaos-'))
  const env = {
    ...plainEnvironment(),
    UPI_HOME: home,
    UPI_PORT_BASE: String(await freePortBase()),
    UPI_CACHE_DIR: loadConfig().cacheDir,
    ...settings,
  }
  const stop = async ({ keep }: { keep: boolean }) => {
    await stopStack(home)
    if (!keep) rmSync(home, { recursive: true, force: true })
  }
  const [node, args] = commandOf('up', '--detach', '--no-traffic', '--only', PARTS)
  const up = spawn(node, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  up.stderr.setEncoding('utf8').on('data', (text) => {
    words += text
  })
  const [code] = await once(up, 'close')
  if (code !== 0) {
    await stop({ keep: false })
    throw new UpiError('COMPONENT_FAILED', `no stack for chaos: ${words.trim().split('\n').at(-1)}`)
  }
  return {
    home,
    env,
    config: loadConfig(env),
    signal(server, signal) {
      const found = readState(home)?.components.find(({ name }) => name === server)
      if (found?.pid === undefined || found.token === undefined) return false
      signalProcess(found as ProcessId, signal)
      return true
    },
    stop,
  }
}
