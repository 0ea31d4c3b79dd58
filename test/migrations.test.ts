import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import type { UpiError } from '../core/errors.ts'
import { MIGRATIONS } from '../migrations/index.ts'
import { LOGIN_ROLES, OWNER_ROLE } from '../migrations/roles.ts'
import { MODELS } from '../models/index.ts'
import { migrateUp, migrationStatus, requireSchema } from '../platform/migrate.ts'
import { applyRolePasswords, matchesVerifier } from '../platform/role-passwords.ts'
import { dumpMigrations, SCHEMA_FILE } from '../platform/schema-dump.ts'
import { useStack } from './harness.ts'
import { databaseUrl, dropDatabase } from './template.ts'

const own = useStack('database')
const stackUrl = inject('stack').databaseUrl
const names = Object.keys(MIGRATIONS)
let admin: pg.Pool

beforeAll(() => {
  admin = own.pool()
})

describe('migrating', () => {
  test('makes all of it once, and finds nothing to do the second time', async () => {
    const connectionString = await emptyDatabase()
    const steps: string[] = []
    expect(await migrateUp({ connectionString, onStep: (line) => steps.push(line) })).toEqual(names)
    expect(steps).toEqual(names)
    expect(await migrateUp({ connectionString })).toEqual([])
    const status = await migrationStatus({ connectionString })
    expect(status.map(({ state }) => state)).toEqual(names.map(() => 'applied'))
  })

  test('by several processes at once is done by one of them, and all end well', async () => {
    const connectionString = await emptyDatabase()
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrateUp({ connectionString })))
    expect(runs.map(({ length }) => length).toSorted()).toEqual([0, 0, 0, names.length])
  })

  test('upgrades a database that holds rows', async () => {
    const connectionString = await emptyDatabase()
    await migrateUp({ connectionString })
    await withClient(connectionString, (client) =>
      client.query(`insert into ops.days (business_date) values ('2026-02-01')`),
    )
    const addsColumn = step(sql`alter table ops.days add column weather text default 'dry'`)
    const migrations = { ...MIGRATIONS, '9001_weather': addsColumn }
    expect(await migrateUp({ connectionString, migrations })).toEqual(['9001_weather'])
    const { rows } = await withClient(connectionString, (client) =>
      client.query('select business_date, weather from ops.days'),
    )
    expect(rows).toEqual([{ business_date: '2026-02-01', weather: 'dry' }])
  })

  test('leaves nothing of a failed run, not even the migrations before the one that failed', async () => {
    const connectionString = await emptyDatabase()
    await migrateUp({ connectionString })
    const migrations = {
      ...MIGRATIONS,
      '9001_good': step(sql`create table ops.good (id integer)`),
      '9002_bad': step(sql`select 1 / 0`),
    }
    const fault = await faultOf(migrateUp({ connectionString, migrations }))
    expect(fault.code).toBe('MIGRATION_FAILED')
    expect(fault.message).toBe('9002_bad: division by zero')
    const { rows } = await withClient(connectionString, (client) =>
      client.query(`select to_regclass('ops.good') as good, max(name) as last from ops.migrations`),
    )
    expect(rows).toEqual([{ good: null, last: names.at(-1) }])
  })

  test('refuses a database that a newer version has migrated', async () => {
    const connectionString = await emptyDatabase()
    const migrations = { ...MIGRATIONS, '9001_future': step(sql`select 1`) }
    await migrateUp({ connectionString, migrations })
    const fault = await faultOf(migrateUp({ connectionString }))
    expect(fault.code).toBe('SCHEMA_VERSION')
    expect(fault.message).toContain('9001_future')
    const asked = await faultOf(withClient(connectionString, requireSchema))
    expect(asked.code).toBe('SCHEMA_VERSION')
  })

  test('brings the reference tables to what the code says', async () => {
    const connectionString = await emptyDatabase()
    await migrateUp({ connectionString })
    const read = `select code, valid_from, class from ops.decline_codes order by code, valid_from`
    const { rows: first } = await withClient(connectionString, (client) => client.query(read))
    expect(first).toContainEqual({ code: 'Z9', valid_from: '2016-01-01', class: 'BD' })
    await withClient(connectionString, (client) =>
      client.query(`update ops.decline_codes set class = 'TD' where code = 'Z9';
        delete from ops.decline_codes where code = 'ZA';
        insert into ops.decline_codes values ('XX', '2016-01-01', 'TD', 'gone since')`),
    )
    await migrateUp({ connectionString })
    const { rows: again } = await withClient(connectionString, (client) => client.query(read))
    expect(again).toEqual(first)
  })

  test('is asked for by a process that finds an older database, whatever its role', async () => {
    const fault = await faultOf(withClient(await emptyDatabase(), requireSchema))
    expect(fault.code).toBe('SCHEMA_VERSION')
    expect(fault.fix).toBe('run ./upi migrate')
    // No process is upi_backup or upi_report alone.
    for (const role of ['upi_ingest', 'upi_transform', 'upi_api'] as const) {
      const client = await own.pool(role).connect()
      await requireSchema(client).finally(() => client.release())
    }
  })
})

describe('a server that will not have it', () => {
  test('is named in one line when it is away', async () => {
    const fault = await faultOf(migrateUp({ connectionString: 'postgres://x:y@127.0.0.1:1/upi' }))
    expect(fault.code).toBe('POSTGRES_UNAVAILABLE')
    expect(fault.message).toContain('127.0.0.1:1/upi')
  })

  test('is named without the password when it refuses the login', async () => {
    const connectionString = databaseUrl(stackUrl, own.name, { password: 'not-the-password' })
    const fault = await faultOf(migrateUp({ connectionString }))
    expect(fault.code).toBe('POSTGRES_REFUSED')
    expect(`${fault.message} ${fault.fix}`).not.toContain('not-the-password')
  })

  test('says so when the user has too few rights', async () => {
    const login = await makeLogin('')
    const fault = await faultOf(
      migrateUp({ connectionString: databaseUrl(stackUrl, own.name, login) }),
    )
    expect(fault.code).toBe('POSTGRES_RIGHTS')
  })
})

describe('a managed server, whose user is no superuser', () => {
  test('is migrated by the owner of the database with CREATEROLE', async () => {
    const login = await makeLogin('createrole')
    // What Postgres gives to whoever creates a role; here they exist already.
    for (const role of [OWNER_ROLE, ...LOGIN_ROLES]) {
      await admin.query(
        `grant ${role} to ${login.username} with admin true, inherit false, set false`,
      )
    }
    const connectionString = Object.assign(new URL(await emptyDatabase(login.username)), login).href
    const steps: string[] = []
    await migrateUp({ connectionString, onStep: (line) => steps.push(line) })
    const lacks = expect.stringContaining('only a superuser')
    expect(steps).toEqual([lacks, lacks, ...names])
    expect(await migrateUp({ connectionString })).toEqual([])
    const { rows } = await withClient(connectionString, (client) =>
      client.query(`select relowner::regrole::text as owner from pg_class
        where oid in ('clean_upi_transactions'::regclass, 'ops.days'::regclass)`),
    )
    expect(rows).toEqual([{ owner: OWNER_ROLE }, { owner: OWNER_ROLE }])
  })
})

describe('passwords of roles', () => {
  test('are set as verifiers, and left alone when they are right', async () => {
    const { username: role } = await makeLogin('')
    const passwords = { [role]: 'päss "word" $1' }
    const set = () =>
      withClient(stackUrl, (client) => applyRolePasswords(client, passwords, stackUrl))
    expect(await set()).toEqual([role])
    const stored = await storedPassword(role)
    expect(matchesVerifier('päss "word" $1', stored)).toBe(true)
    expect(matchesVerifier('another', stored)).toBe(false)
    expect(await set()).toEqual([])
    expect(await storedPassword(role)).toBe(stored)
    const url = databaseUrl(stackUrl, own.name, {
      username: role,
      password: passwords[role] ?? '',
    })
    const { rows } = await withClient(url, (client) => client.query('select session_user as who'))
    expect(rows).toEqual([{ who: role }])
  })

  test('are tried where the stored ones may not be read', async () => {
    const login = await makeLogin('createrole')
    const url = databaseUrl(stackUrl, own.name, login)
    await withClient(url, async (client) => {
      const role = `${login.username}_made`
      onTestFinished(() => admin.query(`drop owned by ${role}; drop role ${role}`).then(() => {}))
      await client.query(`create role ${role} login`)
      await admin.query(`grant connect on database ${own.name} to ${role}`)
      expect(await applyRolePasswords(client, { [role]: 'first' }, url)).toEqual([role])
      expect(await applyRolePasswords(client, { [role]: 'first' }, url)).toEqual([])
      expect(await applyRolePasswords(client, { [role]: 'second' }, url)).toEqual([role])
    })
  })
})

describe('what is written of the schema', () => {
  test('schema.sql is current: ./upi migrate dump writes it', async () => {
    expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(await dumpMigrations(stackUrl))
  })

  test('the row types have the columns that the catalogue has', async () => {
    const { rows } = await admin.query<{ name: string; columns: string[] }>(`
      select case table_schema when 'ops' then 'ops.' else '' end || table_name as name,
        array_agg(column_name::text order by column_name collate "C") as columns
      from information_schema.columns
      where table_schema in ('public', 'ops') and table_name not in ('migrations', 'migration_lock')
      group by 1`)
    const declared = declaredTables()
    // Those of models are their queries' own, which models.test.ts compares.
    const models = new Set<string>(MODELS.map(({ name }) => name))
    const others = rows.filter(({ name }) => !models.has(name))
    for (const { name, columns } of others) expect([name, declared[name]]).toEqual([name, columns])
    expect(Object.keys(declared).toSorted()).toEqual(others.map(({ name }) => name).toSorted())
  })
})

type Step = (typeof MIGRATIONS)[string]

function step(statement: ReturnType<typeof sql>): Step {
  return { up: async (db: Kysely<unknown>) => void (await statement.execute(db)) }
}

const made: string[] = []
afterAll(async () => {
  for (const name of made) await dropDatabase(stackUrl, name)
})

async function emptyDatabase(owner?: string): Promise<string> {
  const name = `${own.name.slice(0, 50)}_${randomBytes(3).toString('hex')}`
  made.push(name)
  const ownedBy = owner === undefined ? '' : `owner ${owner}`
  await admin.query(`create database ${name} template template0 ${ownedBy}`)
  return databaseUrl(stackUrl, name)
}

async function makeLogin(attributes: string) {
  const username = `upi_test_${randomBytes(4).toString('hex')}`
  const password = randomBytes(8).toString('hex')
  await admin.query(`create role ${username} login ${attributes} password '${password}'`)
  await admin.query(`grant connect on database ${own.name} to ${username}`)
  onTestFinished(async () => {
    for (const name of made.splice(0)) await dropDatabase(stackUrl, name)
    await admin.query(`drop owned by ${username}; drop role ${username}`)
  })
  return { username, password }
}

async function storedPassword(role: string): Promise<string> {
  const { rows } = await admin.query('select rolpassword from pg_authid where rolname = $1', [role])
  return rows[0]?.rolpassword
}

async function faultOf(promise: Promise<unknown>): Promise<UpiError> {
  return await promise.then(
    () => expect.unreachable('it should have failed'),
    (fault) => fault as UpiError,
  )
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The tables of platform/database.ts and the columns of their rows, read from the text: types leave no other trace. */
function declaredTables(): Record<string, string[]> {
  const platform = join(import.meta.dirname, '../platform')
  const rows = Object.fromEntries(
    ['payments', 'stream', 'ledger', 'views'].map((file) => [
      file,
      readFileSync(join(platform, `tables/${file}.ts`), 'utf8'),
    ]),
  )
  const tables = readFileSync(join(platform, 'database.ts'), 'utf8').matchAll(
    /^ {2}'?([a-z_.]+)'?: (\w+)\.(\w+)$/gm,
  )
  return Object.fromEntries(
    [...tables].map(([, table = '', file = '', row = '']) => [
      table,
      columnsOf(row, rows[file] ?? ''),
    ]),
  )
}

function columnsOf(row: string, source: string): string[] {
  const declaration = new RegExp(
    `(?:interface|type) ${row} [^{]*?(extends (?:\\w+<)?(\\w+)>? )?[^{]*\\{([^}]*)\\}`,
  )
  const [, , base, body = ''] = declaration.exec(source) ?? []
  const columns = [...body.matchAll(/^ {2}(\w+):/gm)].map(([, column = '']) => column)
  return [...columns, ...(base === undefined ? [] : columnsOf(base, source))].toSorted()
}
