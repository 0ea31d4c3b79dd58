import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration'
import pg from 'pg'
import { UpiError } from '../core/errors.ts'
import { applyDatabaseAccess } from '../migrations/database-access.ts'
import { MIGRATIONS } from '../migrations/index.ts'
import { applyReferenceData } from '../migrations/reference-data.ts'
import { ensureRoles, OWNER_ROLE } from '../migrations/roles.ts'
import { addressOf, postgresFault } from './postgres.ts'
import { applyRolePasswords, type RolePasswords } from './role-passwords.ts'

export interface MigrateOptions {
  /** Of a superuser, or of the database's owner with CREATEROLE. */
  readonly connectionString: string
  /** Roles that are left out keep the password they have. */
  readonly rolePasswords?: RolePasswords
  readonly onStep?: (line: string) => void
  readonly migrations?: Migrations
}

export type Migrations = Readonly<Record<string, Pick<Migration, 'up'>>>

export interface MigrationStatus {
  readonly name: string
  /** `newer`: the database has it, this version of the platform does not know it. */
  readonly state: 'applied' | 'pending' | 'newer'
  readonly appliedAt: string | null
}

/**
 * Brings roles, database and schema to this version and returns the migrations that it ran. Safe to repeat and to
 * run from several processes at once: one works, the others wait and find nothing to do. All pending migrations
 * are one transaction, so that one that fails leaves the database as it was.
 */
export async function migrateUp(options: MigrateOptions): Promise<string[]> {
  const { connectionString, rolePasswords = {}, onStep = () => {} } = options
  const migrations = options.migrations ?? MIGRATIONS
  return await withClient(connectionString, async (client) => {
    await requireServer(client)
    refuseNewer(await readStatus(client, migrations))
    await ensureRoles(client)
    for (const sentence of await applyDatabaseAccess(client)) onStep(sentence)
    const applied = await runMigrations(connectionString, announced(migrations, onStep))
    await applyReferenceData(client)
    for (const role of await applyRolePasswords(client, rolePasswords, connectionString)) {
      onStep(`password of ${role}`)
    }
    return applied
  })
}

/** Lists all migrations and whether the database has them. */
export async function migrationStatus(
  options: Pick<MigrateOptions, 'connectionString' | 'migrations'>,
): Promise<MigrationStatus[]> {
  return await withClient(options.connectionString, (client) =>
    readStatus(client, options.migrations ?? MIGRATIONS),
  )
}

/** Refuses to work on a database that is not of this version; every process asks before it starts. */
export async function requireSchema(client: pg.ClientBase): Promise<void> {
  const status = await readStatus(client, MIGRATIONS)
  refuseNewer(status)
  const pending = status.filter(({ state }) => state === 'pending')
  if (pending.length === 0) return
  throw new UpiError('SCHEMA_VERSION', `the database lacks ${pending.length} migrations`, {
    fix: 'run ./upi migrate',
  })
}

async function withClient<T>(
  connectionString: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString, application_name: 'upi-migrate' })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } catch (fault) {
    throw explain(fault, connectionString)
  } finally {
    await client.end().catch(() => {})
  }
}

const SERVER_VERSION_MIN = 18

/** Refuses a server that is too old; gives its version. */
export async function requireServer(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ server_version: string }>('show server_version')
  const version = rows[0]?.server_version ?? ''
  if (Number.parseInt(version, 10) >= SERVER_VERSION_MIN) return version
  throw new UpiError('POSTGRES_VERSION', `the server is Postgres ${version}`, {
    fix: `use Postgres ${SERVER_VERSION_MIN} or newer`,
  })
}

async function readStatus(
  client: pg.ClientBase,
  migrations: Migrations,
): Promise<MigrationStatus[]> {
  const applied = await readApplied(client)
  const known = Object.keys(migrations).map((name): MigrationStatus => {
    const appliedAt = applied.get(name) ?? null
    return { name, state: appliedAt === null ? 'pending' : 'applied', appliedAt }
  })
  const newer = [...applied]
    .filter(([name]) => !(name in migrations))
    .map(([name, appliedAt]): MigrationStatus => ({ name, state: 'newer', appliedAt }))
  return [...known, ...newer]
}

async function readApplied(client: pg.ClientBase): Promise<Map<string, string>> {
  const { rows: found } = await client.query<{ exists: boolean }>(
    `select to_regclass('ops.migrations') is not null as exists`,
  )
  if (found[0]?.exists !== true) return new Map()
  const { rows } = await client.query<{ name: string; timestamp: string }>(
    'select name, timestamp from ops.migrations order by name',
  )
  return new Map(rows.map(({ name, timestamp }) => [name, timestamp]))
}

function refuseNewer(status: readonly MigrationStatus[]): void {
  const newest = status.findLast(({ state }) => state === 'newer')
  if (newest === undefined) return
  throw new UpiError(
    'SCHEMA_VERSION',
    `the database has ${newest.name}, which is newer than this`,
    {
      fix: 'update this checkout',
    },
  )
}

function announced(migrations: Migrations, onStep: (line: string) => void) {
  const entries = Object.entries(migrations).map(([name, { up }]) => {
    const announce: Migration['up'] = async (db) => {
      onStep(name)
      await up(db)
    }
    return [name, { up: announce }] as const
  })
  return Object.fromEntries(entries)
}

// A migration that has to wait for a reader makes all others wait behind it: rather fail and be run again.
const LOCK_WAIT = '30s'

async function runMigrations(
  connectionString: string,
  migrations: Record<string, Migration>,
): Promise<string[]> {
  const pool = new pg.Pool({ connectionString, max: 1, application_name: 'upi-migrate' })
  pool.on('error', () => {})
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({
      pool,
      onCreateConnection: async (connection) => {
        const settings = `set role ${OWNER_ROLE}; set lock_timeout = '${LOCK_WAIT}'`
        await connection.executeQuery(CompiledQuery.raw(settings))
      },
    }),
  })
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => migrations },
      migrationTableSchema: 'ops',
      migrationTableName: 'migrations',
      migrationLockTableName: 'migration_lock',
    })
    return appliedIn(await migrator.migrateToLatest())
  } finally {
    await db.destroy()
  }
}

function appliedIn({ error, results = [] }: MigrationResultSet): string[] {
  if (error === undefined) return results.map(({ migrationName }) => migrationName)
  const failed = results.find(({ status }) => status === 'Error')
  if (failed === undefined) throw error
  const { message } = error as Error
  throw new UpiError('MIGRATION_FAILED', `${failed.migrationName}: ${message}`, {
    fix: 'nothing was changed; remove the cause and run ./upi migrate again',
    cause: error,
  })
}

function explain(fault: unknown, connectionString: string): unknown {
  const { code, message } = fault as { code?: string; message?: string }
  const address = addressOf(connectionString)
  if (code === '42501') {
    return new UpiError('POSTGRES_RIGHTS', `Postgres at ${address}: ${message}`, {
      fix: 'use a superuser, or the owner of the database with CREATEROLE',
      cause: fault,
    })
  }
  return postgresFault(fault, address)
}
