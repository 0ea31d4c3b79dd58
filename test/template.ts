import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { makeMarts } from '../cli/make-marts.ts'
import { applyDatabaseAccess } from '../migrations/database-access.ts'
import { loadConfig } from '../platform/config.ts'
import { migrateUp } from '../platform/migrate.ts'
import { eventually } from './eventually.ts'
import { CLOSE_MS_MAX } from './leaks.ts'
import type { Servers } from './servers.ts'
import type { TestRun } from './stack-context.ts'

/** Makes the migrated, empty database of which every test file gets a copy. */
export async function makeTemplate({ stack, rolePasswords }: Servers): Promise<TestRun> {
  const id = `${process.pid}_${randomBytes(2).toString('hex')}`
  const template = `upi_test_${id}_template`
  await withClient(stack.databaseUrl, async (admin) => {
    await dropForgotten(admin)
    await admin.query(`create database ${template}`)
  })
  const connectionString = databaseUrl(stack.databaseUrl, template)
  await migrateUp({ connectionString, rolePasswords })
  await makeMarts(loadConfig({}), connectionString)
  return { id, template, rolePasswords }
}

// What runs that are over have left: databases of failed files, and all of a run that was killed.
async function dropForgotten(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ name: string; pid: string }>(
    `select datname as name, substring(datname from '^upi_test_(\\d+)_') as pid
       from pg_database where datname ~ '^upi_test_\\d+_'`,
  )
  const forgotten = rows.filter(({ pid }) => !isRunning(Number(pid)))
  for (const { name } of forgotten) {
    await admin.query(`drop database if exists ${name} with (force)`)
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Copies the template, with the grants that belong to a database and that a copy does not get. */
export async function cloneTemplate(url: string, template: string, name: string): Promise<void> {
  await withClient(url, (admin) => admin.query(`create database ${name} template ${template}`))
  await withClient(databaseUrl(url, name), applyDatabaseAccess)
}

/** Removes a database, whoever is connected to it. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await withClient(url, (admin) => admin.query(`drop database if exists ${name} with (force)`))
}

/** Who is still connected to a database. */
export async function leftConnections(
  url: string,
  name: string,
  msMax = CLOSE_MS_MAX,
): Promise<string[]> {
  return await withClient(url, async (admin) => {
    const look = async () => {
      const { rows } = await admin.query<{ who: string }>(
        `select format('%s as %s, %s: %s', application_name, usename, state, left(query, 100)) as who
           from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
        [name],
      )
      return rows.map(({ who }) => who)
    }
    return await eventually(look, (left) => left.length === 0, msMax).catch(look)
  })
}

/** The URL of another database of the same server, perhaps as another role. */
export function databaseUrl(
  url: string,
  name: string,
  login: { username?: string; password?: string } = {},
): string {
  return Object.assign(new URL(url), { pathname: `/${name}`, ...login }).href
}

/** Runs work on a connection of its own, and closes it. */
export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'upi-test' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
