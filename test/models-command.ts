import { type Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect } from 'vitest'
import { MODELS } from '../models/index.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { insertClean } from './clean-rows.ts'
import { type CliResult, type OwnStack, runCli } from './harness.ts'

/** The days that a test of the models' commands begins with; each has one payment. */
export const [FIRST, SECOND, THIRD] = ['2026-02-01', '2026-02-02', '2026-02-03'] as const

export const NAMES: readonly string[] = MODELS.map(({ name }) => name)

/** Gives a test file the commands of the models on its own database, which has three days of clean at each test. */
export function useModels(own: OwnStack): ModelCommands {
  const commands = new ModelCommands(own)
  beforeEach(() => commands.fill())
  afterEach(() => commands.empty())
  return commands
}

interface Check {
  readonly model: string
  readonly check: string
}

interface Tested {
  readonly code: number | null
  readonly ok: boolean
  readonly checks: readonly Check[]
  readonly pending: Readonly<Record<string, readonly string[]>>
}

export class ModelCommands {
  readonly #own: OwnStack
  #admin: Kysely<Database> | undefined

  constructor(own: OwnStack) {
    this.#own = own
  }

  /** The superuser's connection. */
  get admin(): Kysely<Database> {
    this.#admin ??= createDatabase(this.#own.pool())
    return this.#admin
  }

  async fill(): Promise<void> {
    await insertClean(
      this.admin,
      { txn_id: 'A', amount: '100.00', latency_ms: 40 },
      { txn_id: 'B', at: `${SECOND}T12:00:00+05:30`, amount: '20.50' },
      { txn_id: 'C', at: `${THIRD}T12:00:00+05:30`, status: 'FAILED', decline_class: 'TD' },
    )
  }

  async empty(): Promise<void> {
    const marts = MODELS.filter(({ kind }) => kind !== 'view').map(({ name }) => sql.table(name))
    await sql`truncate clean_upi_transactions, ops.model_runs, ops.model_days, ops.dirty_keys, ops.days,
      ops.discovery, ${sql.join(marts)}`.execute(this.admin)
  }

  /** `./upi models …` */
  async models(...args: readonly string[]): Promise<CliResult> {
    return await runCli(['models', ...args], { ...this.#own.env, UPI_ACTOR: 'asha' })
  }

  /** A run that goes well, as JSON. */
  async run(...args: readonly string[]) {
    const { code, stdout, stderr } = await this.models('run', '--json', ...args)
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout)
  }

  async tested(...args: readonly string[]): Promise<Tested> {
    const { code, stdout } = await this.models('test', '--json', ...args)
    return { code, ...JSON.parse(stdout) }
  }

  async listed(): Promise<{ name: string; last_run: string | null }[]> {
    return JSON.parse((await this.models('list', '--json')).stdout)
  }

  /** How much there is of all that a plan, a test or the docs must leave alone. */
  async written(): Promise<unknown> {
    const { rows } = await sql`select (select count(*) from ops.model_runs) as runs,
      (select count(*) from ops.dirty_keys) as marks, (select count(*) from ops.discovery) as looks,
      (select count(*) from ops.model_days) as days, (select count(*) from daily_upi_summary) as daily`.execute(
      this.admin,
    )
    return rows
  }

  /** How many sessions wait for an advisory lock. */
  async waiting(): Promise<number> {
    const { rows } = await sql`select 1 from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`.execute(
      this.admin,
    )
    return rows.length
  }

  /** Says that the rows of a day are in the lake. */
  async archive(date: string): Promise<void> {
    await sql`insert into ops.days (business_date, archived_at) values (${date}, now())`.execute(
      this.admin,
    )
  }
}

/** What was found by a check. */
export function found({ checks }: Tested, model: string, name: string): Check | undefined {
  return checks.find((each) => each.model === model && each.check === name)
}
