import { join } from 'node:path'
import { note } from '../../cli/output.ts'
import { environmentOf, loadConfig, type Needed, need } from '../../platform/config.ts'
import type { Shutdown } from '../../platform/shutdown.ts'
import { portPid } from '../../platform/stack/ports.ts'
import { probeHttp, probeKafka, probePostgres, probeTcp } from '../../platform/stack/probes.ts'
import { parentOf, programName } from '../../platform/stack/process-table.ts'
import { startLocalServers } from '../local-servers.ts'
import { plainEnvironment } from '../plain-environment.ts'
import { withClient } from '../template.ts'
import type { Watched } from './cpu.ts'

export type Environment = Readonly<Record<string, string>>
export type BenchConfig = Needed<
  | 'databaseUrl'
  | 'ingestDatabaseUrl'
  | 'transformDatabaseUrl'
  | 'reportDatabaseUrl'
  | 'kafkaBrokers'
  | 'schemaRegistryUrl'
>

/** The servers that a bench works on. */
export interface BenchServers {
  /** One line for people: where they come from. */
  readonly about: string
  /** The settings of a command that is to use them. */
  readonly env: Environment
  readonly config: BenchConfig
  /** Their processes, where they run on this machine. */
  readonly processes: Omit<Watched, 'worker'> & { readonly temporal?: number | undefined }
}

/** What a bench needs beyond Postgres, Kafka and the registry. */
export interface Wanted {
  readonly temporal?: boolean
}

/** Those that the settings name, such as those of a running `./upi up`, else a stack that ends with this process. */
export async function findBenchServers(
  shutdown: Shutdown,
  wanted: Wanted = {},
): Promise<BenchServers> {
  const found = (await findRunning(wanted)) ?? (await startOwn(shutdown))
  return { ...found, processes: await findProcesses(found.config) }
}

/** The settings of a bench, certain to be there. */
export function readBenchConfig(env: Environment): BenchConfig {
  const config = loadConfig(env)
  return need(
    config,
    'databaseUrl',
    'ingestDatabaseUrl',
    'transformDatabaseUrl',
    'reportDatabaseUrl',
    'kafkaBrokers',
    'schemaRegistryUrl',
  )
}

type Found = Omit<BenchServers, 'processes'>

async function findRunning({ temporal = false }: Wanted): Promise<Found | undefined> {
  const env = environmentOf()
  try {
    const config = readBenchConfig(env)
    const kafka = firstBroker(config)
    await Promise.all([
      probePostgres(config.databaseUrl),
      probeKafka(kafka.hostname, Number(kafka.port)),
      probeHttp(`${config.schemaRegistryUrl}/subjects`),
      ...(temporal ? [probeTemporal(config)] : []),
    ])
    return { about: `the running stack of ${config.home}`, env, config }
  } catch {
    return undefined
  }
}

async function startOwn(shutdown: Shutdown): Promise<Found> {
  note('no stack is running: starting one for this bench …')
  const servers = await startLocalServers()
  shutdown.add('servers', () => servers.stop({ keep: false }))
  const { home, cacheDir } = loadConfig()
  const env = { ...plainEnvironment(), UPI_HOME: join(home, 'test'), UPI_CACHE_DIR: cacheDir }
  return { about: servers.about, env, config: readBenchConfig(env) }
}

// Its worker needs the key of the handles too.
async function probeTemporal(config: BenchConfig): Promise<void> {
  const { temporalAddress } = need(config, 'temporalAddress', 'piiKey')
  const { hostname, port } = new URL(`temporal://${temporalAddress}`)
  await probeTcp(hostname, Number(port))
}

function firstBroker({ kafkaBrokers }: BenchConfig): URL {
  return new URL(`kafka://${kafkaBrokers[0]}`)
}

async function findProcesses(config: BenchConfig): Promise<BenchServers['processes']> {
  return await withClient(config.databaseUrl, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const listener = portPid(Number(new URL(config.databaseUrl).port))
    const postmaster = parentOf(rows[0]?.pid ?? 0)
    const broker = portPid(Number(firstBroker(config).port))
    const temporal = portPid(Number(config.temporalAddress?.split(':').at(-1)))
    // Another machine, or a container, has other processes under the same numbers, and a forwarder on the port.
    return {
      postgres: postmaster === listener ? postmaster : undefined,
      kafka: broker !== undefined && programName(broker) === 'java' ? broker : undefined,
      temporal:
        temporal !== undefined && programName(temporal) === 'temporal' ? temporal : undefined,
    }
  })
}
