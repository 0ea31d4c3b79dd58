import { randomBytes } from 'node:crypto'
import { createKafka } from '../../platform/kafka.ts'
import { migrateUp } from '../../platform/migrate.ts'
import type { Shutdown } from '../../platform/shutdown.ts'
import { createLogger } from '../../platform/telemetry.ts'
import {
  dropNamespace,
  dropTopics,
  listNamespaces,
  makeNamespace,
  makeTopics,
} from '../own-places.ts'
import { cloneTemplate, databaseUrl, dropDatabase, withClient } from '../template.ts'
import {
  type BenchConfig,
  type BenchServers,
  type Environment,
  findBenchServers,
  readBenchConfig,
  type Wanted,
} from './bench-servers.ts'

/** A topic of the bench, and the consumer group of whoever reads it. */
export interface BenchTopic {
  readonly name: string
  readonly partitions: number
  /** The settings of a command that is to use it. */
  readonly env: Environment
  readonly config: BenchConfig
}

/** A Temporal namespace of the bench, and the task queue of its worker. */
export interface BenchNamespace {
  /** The settings of a command that is to use it. */
  readonly env: Environment
  readonly config: BenchConfig
}

/** A migrated database of the bench, with nothing in it. */
export interface BenchDatabase {
  readonly name: string
  readonly url: string
  readonly ingestUrl: string
  readonly transformUrl: string
  readonly reportUrl: string
  /** The settings of a command that is to use it. */
  readonly env: Environment
  drop(): Promise<void>
}

/**
 * Where a bench works: databases, topics and namespaces of its own on the servers of the running stack, or on those of a
 * stack that is started for it. Nothing else on them is touched, and all is removed in the end.
 */
export class BenchPlaces {
  readonly servers: BenchServers
  readonly #name = `upi_bench_${process.pid}_${randomBytes(2).toString('hex')}`
  readonly #topics: BenchConfig[] = []
  readonly #namespaces: BenchConfig[] = []
  readonly #databases = new Set<string>()
  #count = 0

  private constructor(servers: BenchServers) {
    this.servers = servers
  }

  /** Finds or starts the servers and makes the template of the databases; all of it goes with the process. */
  static async open(shutdown: Shutdown, wanted: Wanted = {}): Promise<BenchPlaces> {
    const servers = await findBenchServers(shutdown, wanted)
    const places = new BenchPlaces(servers)
    shutdown.add('places', () => places.#close())
    await dropForgotten(servers)
    if (wanted.temporal === true) await dropForgottenNamespaces(servers)
    await places.#makeTemplate()
    return places
  }

  /** Makes an empty database as migrated. */
  async database(): Promise<BenchDatabase> {
    const { config } = this.servers
    const name = `${this.#name}_${++this.#count}`
    this.#databases.add(name)
    await cloneTemplate(config.databaseUrl, this.#template, name)
    const url = databaseUrl(config.databaseUrl, name)
    const ingestUrl = databaseUrl(config.ingestDatabaseUrl, name)
    const transformUrl = databaseUrl(config.transformDatabaseUrl, name)
    const reportUrl = databaseUrl(config.reportDatabaseUrl, name)
    const drop = async () => {
      await dropDatabase(config.databaseUrl, name)
      this.#databases.delete(name)
    }
    return {
      name,
      url,
      ingestUrl,
      transformUrl,
      reportUrl,
      drop,
      env: {
        DATABASE_URL: url,
        INGEST_DATABASE_URL: ingestUrl,
        TRANSFORM_DATABASE_URL: transformUrl,
      },
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
    const config = readBenchConfig({ ...this.servers.env, ...env })
    this.#topics.push(config)
    await makeTopics(config)
    return { name, partitions, env, config }
  }

  /** Makes a namespace without any run. */
  async namespace(): Promise<BenchNamespace> {
    const name = `${this.#name}_${++this.#count}`
    const env = { TEMPORAL_NAMESPACE: name, UPI_TASK_QUEUE: name }
    const config = readBenchConfig({ ...this.servers.env, ...env })
    this.#namespaces.push(config)
    await makeNamespace(config)
    return { env, config }
  }

  /** The environment of a command that is to work in these places. */
  envFor(...parts: readonly { readonly env: Environment }[]): Environment {
    return Object.assign({}, this.servers.env, ...parts.map(({ env }) => env))
  }

  get #template(): string {
    return `${this.#name}_template`
  }

  async #makeTemplate(): Promise<void> {
    const { config } = this.servers
    const url = config.databaseUrl
    this.#databases.add(this.#template)
    await withClient(url, (admin) => admin.query(`create database ${this.#template}`))
    const passwordOf = (role: string) => decodeURIComponent(new URL(role).password)
    const rolePasswords = {
      upi_ingest: passwordOf(config.ingestDatabaseUrl),
      upi_transform: passwordOf(config.transformDatabaseUrl),
      upi_report: passwordOf(config.reportDatabaseUrl),
    }
    await migrateUp({ connectionString: databaseUrl(url, this.#template), rolePasswords })
  }

  async #close(): Promise<void> {
    for (const name of this.#databases) await dropDatabase(this.servers.config.databaseUrl, name)
    for (const config of this.#topics) await dropTopics(config)
    for (const config of this.#namespaces) await dropNamespace(config)
  }
}

/** Removes what benches that were killed have left. A worker of theirs ends when its database is gone. */
async function dropForgotten({ config, env }: BenchServers): Promise<void> {
  await withClient(config.databaseUrl, async (admin) => {
    const { rows } = await admin.query<{ name: string }>('select datname as name from pg_database')
    for (const { name } of rows.filter(isForgotten)) await dropDatabase(config.databaseUrl, name)
  })
  const log = createLogger({ process: 'bench', level: 'error', pretty: false })
  const kafka = createKafka(config, 'upi-bench', log).admin()
  await kafka.connect()
  const topics = await kafka.listTopics().finally(() => kafka.disconnect())
  for (const name of topics.filter((each) => isForgotten({ name: each }) && !/\.dlq$/.test(each))) {
    await dropTopics(readBenchConfig({ ...env, UPI_TOPIC: name, UPI_CONSUMER_GROUP: name }))
  }
}

// A worker of theirs ends with its namespace, within two minutes.
async function dropForgottenNamespaces({ config, env }: BenchServers): Promise<void> {
  const names = await listNamespaces(config)
  for (const name of names.filter((each) => isForgotten({ name: each }))) {
    await dropNamespace(readBenchConfig({ ...env, TEMPORAL_NAMESPACE: name }))
  }
}

function isForgotten({ name }: { name: string }): boolean {
  const pid = /^upi_bench_(\d+)_/.exec(name)?.[1]
  return pid !== undefined && !isRunning(Number(pid))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
