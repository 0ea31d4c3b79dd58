import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrateUp } from '../platform/migrate.ts'
import type { Servers } from './servers.ts'
import type { TestRun } from './stack-context.ts'

/** Makes the migrated, empty database of which every test file gets a copy. */
export async function makeTemplate({ stack, rolePasswords }: Servers): Promise<TestRun> {
  const id = randomBytes(4).toString('hex')
  const template = `upi_test_${id}`
  await asAdmin(stack.databaseUrl, (admin) => admin.query(`create database ${template}`))
  await migrateUp({ connectionString: urlOf(stack.databaseUrl, template), rolePasswords })
  return { id, template, rolePasswords }
}

/** Removes it. */
export async function dropTemplate({ stack }: Servers, { template }: TestRun): Promise<void> {
  await asAdmin(stack.databaseUrl, (admin) => admin.query(`drop database if exists ${template}`))
}

/** The URL of another database of the same server, perhaps as another role. */
export function urlOf(url: string, database: string, login?: { user: string; password: string }): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  if (login !== undefined) Object.assign(other, { username: login.user, password: login.password })
  return other.href
}

/** Does something over a connection of its own as the superuser. */
export async function asAdmin<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'upi-test' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
