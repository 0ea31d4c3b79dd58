import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, type RunnerTask } from 'vitest'
import type { LoginRole } from '../migrations/roles.ts'
import { type Config, loadConfig } from '../platform/config.ts'
import { killLeftCommands } from './cli.ts'
import { type Handles, newHandles, openHandles } from './leaks.ts'
import { dropNamespace, dropTopics, makeNamespace, makeTopics } from './own-places.ts'
import { cloneTemplate, databaseUrl, dropDatabase, leftConnections } from './template.ts'

export { type CliResult, type CliRun, runCli, startCli } from './cli.ts'
export { eventually } from './eventually.ts'

/** What a test file can have made for itself; its names it has in any case. */
export type Own = 'database' | 'topics' | 'namespace'

/** The part of the shared servers that belongs to one test file. */
export interface OwnStack {
  /** Of its database, topic, consumer group, task queue and namespace. */
  readonly name: string
  /** The settings of its own places, for commands. */
  readonly env: Readonly<Record<string, string>>
  /** The same, read; with more settings or others if given. */
  configFor(settings?: Readonly<Record<string, string>>): Config
  /** A pool on its database, as the superuser or as one role; closed after the file. */
  pool(role?: LoginRole): pg.Pool
}

/**
 * Gives a test file its own places on the shared servers. Call it once, at the top. They are there when the first test
 * begins; after the last one it is checked that nothing was left open, and they are removed. The database of a file
 * that failed stays to be looked at.
 */
export function useStack(...wanted: readonly Own[]): OwnStack {
  const own = new FileStack()
  let handles: Handles
  beforeAll(async () => {
    handles = openHandles()
    await own.make(wanted)
  })
  // biome-ignore lint/correctness/noEmptyPattern: Vitest insists on a pattern before the argument that is wanted.
  afterAll(async ({}, file) => {
    const leaks = [...(await own.close()), ...(await newHandles(handles))]
    await own.remove({ keepDatabase: hasFailed(file) || leaks.length > 0 })
    if (leaks.length > 0) throw new Error(`left open: ${leaks.join('; ')}`)
  })
  return own
}

class FileStack implements OwnStack {
  readonly name = ownName()
  readonly env = environmentFor(this.name)
  readonly #pools: pg.Pool[] = []
  readonly #made = new Set<Own>()

  configFor(settings: Readonly<Record<string, string>> = {}): Config {
    return loadConfig({ ...this.env, ...settings })
  }

  pool(role?: LoginRole): pg.Pool {
    const url = this.env[role === undefined ? 'DATABASE_URL' : roleVariable(role)]
    const pool = new pg.Pool({
      connectionString: url,
      application_name: 'upi-test-file',
      // As the stream has it.
      pipeline: role === 'upi_ingest',
    })
    pool.on('error', () => {})
    this.#pools.push(pool)
    return pool
  }

  async make(wanted: readonly Own[]): Promise<void> {
    await Promise.all(
      wanted.map(async (place) => {
        if (place === 'topics') await makeTopics(this.configFor())
        if (place === 'namespace') await makeNamespace(this.configFor())
        if (place === 'database') {
          await cloneTemplate(inject('stack').databaseUrl, inject('testRun').template, this.name)
        }
        this.#made.add(place)
      }),
    )
  }

  /** Closes what the harness has opened, and names what the tests have left open. */
  async close(): Promise<string[]> {
    const commands = killLeftCommands()
    await Promise.all(this.#pools.map((pool) => pool.end()))
    if (!this.#made.has('database')) return commands
    return [...commands, ...(await leftConnections(inject('stack').databaseUrl, this.name))]
  }

  async remove({ keepDatabase }: { keepDatabase: boolean }): Promise<void> {
    if (this.#made.has('topics')) await dropTopics(this.configFor())
    if (this.#made.has('namespace')) await dropNamespace(this.configFor())
    if (this.#made.has('database') && keepDatabase) console.log(`database kept: ${this.name}`)
    else if (this.#made.has('database')) await dropDatabase(inject('stack').databaseUrl, this.name)
    rmSync(this.env.UPI_HOME as string, { recursive: true, force: true })
  }
}

function ownName(): string {
  const file = basename(expect.getState().testPath ?? 'test', '.test.ts')
  return `upi_test_${inject('testRun').id}_${file.replaceAll(/[^a-z0-9]+/g, '_')}`.slice(0, 60)
}

function environmentFor(name: string): Record<string, string> {
  const stack = inject('stack')
  const passwords = Object.entries(inject('testRun').rolePasswords)
  const roleUrls = passwords.map(([role, password]) => [
    roleVariable(role as LoginRole),
    databaseUrl(stack.databaseUrl, name, { username: role, password }),
  ])
  return {
    ...Object.fromEntries(roleUrls),
    DATABASE_URL: databaseUrl(stack.databaseUrl, name),
    KAFKA_BROKERS: stack.kafkaBrokers,
    SCHEMA_REGISTRY_URL: stack.registryUrl,
    TEMPORAL_ADDRESS: stack.temporalAddress,
    TEMPORAL_NAMESPACE: name,
    // The Docker engine may be on another machine.
    UPI_PLAINTEXT_HOSTS: new URL(stack.databaseUrl).hostname,
    UPI_TASK_QUEUE: name,
    UPI_TOPIC: name,
    UPI_CONSUMER_GROUP: name,
    UPI_PII_KEY: `test:${'5e'.repeat(32)}`,
    UPI_HOME: mkdtempSync(join(tmpdir(), 'upi-test-')),
    UPI_CACHE_DIR: loadConfig().cacheDir,
  }
}

function roleVariable(role: LoginRole): string {
  return `${role.replace('upi_', '').toUpperCase()}_DATABASE_URL`
}

function hasFailed(task: Readonly<RunnerTask>): boolean {
  if (task.result?.state === 'fail') return true
  return 'tasks' in task && task.tasks.some(hasFailed)
}
