import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { note } from '../../cli/output.ts'
import {
  CHECKOUT,
  type Config,
  environmentOf,
  loadConfig,
  type Needed,
  need,
} from '../../platform/config.ts'
import { prepareHome } from '../../platform/local-stack.ts'
import { migrateUp } from '../../platform/migrate.ts'
import type { Shutdown } from '../../platform/shutdown.ts'
import { startStack, waitReady } from '../../platform/stack/index.ts'
import { portPid } from '../../platform/stack/ports.ts'
import { probeHttp, probeKafka, probePostgres } from '../../platform/stack/probes.ts'
import { parentOf } from '../../platform/stack/process-table.ts'
import { dropTopics, makeTopics } from '../own-places.ts'
import { ownStackOptions, removeOwnStack } from '../own-stack.ts'
import { plainEnvironment } from '../plain-environment.ts'
import { cloneTemplate, databaseUrl, dropDatabase } from '../template.ts'
import type { Watched } from './cpu.ts'

type Environment = Readonly<Record<string, string>>
type BenchConfig = Needed<
  'databaseUrl' | 'ingestDatabaseUrl' | 'kafkaBrokers' | 'schemaRegistryUrl'
>

/** A topic of the bench, and the consumer group of whoever reads it. */
export interface BenchTopic {
  readonly name: string
  readonly partitions: number
  /** The settings of a command that is to use it. */
  readonly env: Environment
  readonly config: BenchConfig
}

/** A migrated database of the bench, with nothing in it. */
export interface BenchDatabase {
  readonly name: string
  readonly url: string
  readonly ingestUrl: string
  /** The settings of a command that is to use it. */
  readonly env: Environment
  drop(): Promise<void>
}

/**
 * Where a bench works: databases and topics of its own on the servers of the running stack, or on those of a stack that
 * is started for it. Nothing else on them is touched, and all is removed in the end.
 */
export class BenchPlaces {
  readonly about: string
  readonly config: BenchConfig
  readonly servers: Omit<Watched, 'worker'>
  readonly #env: Environment
  readonly #name: string
  readonly #topics: Config[] = []
  readonly #databases = new Set<string>()
  #count = 0

  private constructor(found: Found, servers: Omit<Watched, 'worker'>) {
    this.about = found.about
    this.config = found.config
    this.servers = servers
    this.#env = found.env
    this.#name = `upi_bench_${process.pid}_${randomBytes(2).toString('hex')}`
  }

  /** Finds or starts the servers and makes the template of the databases; all of it goes with the process. */
  static async open(shutdown: Shutdown): Promise<BenchPlaces> {
    const found = (await findRunning()) ?? (await startPrivate(shutdown))
    const places = new BenchPlaces(found, await findServerPids(found.config))
    shutdown.add('places', () => places.#close())
    await places.#makeTemplate()
    return places
  }

  /** Makes an empty database as migrated. */
  async database(): Promise<BenchDatabase> {
    const { config } = this
    const name = `${this.#name}_${++this.#count}`
    this.#databases.add(name)
    await cloneTemplate(config.databaseUrl, this.#template, name)
    const url = databaseUrl(config.databaseUrl, name)
    const ingestUrl = databaseUrl(config.ingestDatabaseUrl, name)
    const drop = async () => {
      await dropDatabase(config.databaseUrl, name)
      this.#databases.delete(name)
    }
    return {
      name,
      url,
      ingestUrl,
      drop,
      env: { DATABASE_URL: url, INGEST_DATABASE_URL: ingestUrl },
    }
  }

  /** Makes an empty topic. */
  async topic(partitions: number): Promise<BenchTopic> {
    const name = `${this.#name}_p${partitions}_${++this.#count}`
    const env = {
      UPI_TOPIC: name,
      UPI_CONSUMER_GROUP: name,
      UPI_TOPIC_PARTITIONS: String(partitions),
    }
    const config = readConfig({ ...this.#env, ...env })
    this.#topics.push(config)
    await makeTopics(config)
    return { name, partitions, env, config }
  }

  /** The environment of a command that is to work in these places. */
  envFor(...parts: readonly { readonly env: Environment }[]): Environment {
    return Object.assign({}, this.#env, ...parts.map(({ env }) => env))
  }

  get #template(): string {
    return `${this.#name}_template`
  }

  async #makeTemplate(): Promise<void> {
    const { databaseUrl: url, ingestDatabaseUrl } = this.config
    await withClient(url, async (admin) => {
      await dropForgotten(admin)
      this.#databases.add(this.#template)
      await admin.query(`create database ${this.#template}`)
    })
    const rolePasswords = { upi_ingest: decodeURIComponent(new URL(ingestDatabaseUrl).password) }
    await migrateUp({ connectionString: databaseUrl(url, this.#template), rolePasswords })
  }

  async #close(): Promise<void> {
    for (const name of this.#databases) await dropDatabase(this.config.databaseUrl, name)
    for (const config of this.#topics) await dropTopics(config)
  }
}

/** Runs work on one connection and closes it. */
export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'upi-bench' })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

interface Found {
  readonly about: string
  readonly env: Environment
  readonly config: BenchConfig
}

async function findRunning(): Promise<Found | undefined> {
  const env = environmentOf()
  try {
    const config = readConfig(env)
    const kafka = firstBroker(config)
    await Promise.all([
      probePostgres(config.databaseUrl),
      probeKafka(kafka.hostname, Number(kafka.port)),
      probeHttp(`${config.schemaRegistryUrl}/subjects`),
    ])
    return { about: `the running stack of ${config.home}`, env, config }
  } catch {
    return undefined
  }
}

async function startPrivate(shutdown: Shutdown): Promise<Found> {
  note('no stack runs here: starting Postgres, Kafka and the registry for this bench …')
  const home = mkdtempSync(join(tmpdir(), 'upi-bench-'))
  const given = await ownStackOptions({ home, servers: ['postgres', 'kafka', 'registry'] })
  const secrets = prepareHome(home, given.portBase)
  const options = {
    ...given,
    checkout: CHECKOUT,
    secrets: { postgresPassword: secrets.postgres, registryPassword: secrets.registry },
  }
  shutdown.add('stack', async () => {
    await removeOwnStack(options)
    rmSync(home, { recursive: true, force: true })
  })
  await startStack(options, shutdown.signal)
  await waitReady(home, { onChange: () => {}, signal: shutdown.signal })
  const env = { ...plainEnvironment(), UPI_HOME: home, UPI_CACHE_DIR: loadConfig().cacheDir }
  return { about: 'a stack of its own', env, config: readConfig(env) }
}

function readConfig(env: Environment): BenchConfig {
  return need(
    loadConfig(env),
    'databaseUrl',
    'ingestDatabaseUrl',
    'kafkaBrokers',
    'schemaRegistryUrl',
  )
}

function firstBroker({ kafkaBrokers }: BenchConfig): URL {
  return new URL(`kafka://${kafkaBrokers[0]}`)
}

/** The servers' processes, where they run on this machine. */
async function findServerPids(config: BenchConfig): Promise<Omit<Watched, 'worker'>> {
  return await withClient(config.databaseUrl, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const listener = portPid(Number(new URL(config.databaseUrl).port))
    const postmaster = parentOf(rows[0]?.pid ?? 0)
    return {
      // Another machine has other processes under the same numbers.
      postgres: postmaster === listener ? postmaster : undefined,
      kafka: portPid(Number(firstBroker(config).port)),
    }
  })
}

// What benches that were killed have left.
async function dropForgotten(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ name: string; pid: string }>(
    `select datname as name, substring(datname from '^upi_bench_(\\d+)_') as pid
       from pg_database where datname ~ '^upi_bench_\\d+_'`,
  )
  for (const { name, pid } of rows) {
    if (!isRunning(Number(pid))) await admin.query(`drop database if exists ${name} with (force)`)
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
