import type { Client } from 'pg'
import type { StackSecrets } from '../options.ts'

/** Makes the databases `upi` and `upi_registry` and the registry's role; its password is set anew each time. */
export async function provisionDatabases(adminUrl: string, secrets: StackSecrets): Promise<void> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: adminUrl })
  client.on('error', () => {})
  try {
    await client.connect()
    // A statement that sets a password must never be logged, however long it takes.
    await client.query('set log_min_duration_statement = -1; set log_min_error_statement = panic')
    await createDatabase(client, 'upi', undefined)
    await createRole(client, REGISTRY_ROLE, secrets.registryPassword)
    await createDatabase(client, REGISTRY_ROLE, REGISTRY_ROLE)
    // There no role has the limits that it has in ours.
    await client.query('revoke connect, temporary on database postgres, template1 from public')
  } finally {
    await client.end().catch(() => {})
  }
}

/** The registry's role, and the name of its database. */
export const REGISTRY_ROLE = 'upi_registry'

async function createRole(client: Client, role: string, password: string): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [role])
  const verb = rowCount === 0 ? 'create' : 'alter'
  await client.query(`${verb} role ${role} login password ${client.escapeLiteral(password)}`)
}

async function createDatabase(client: Client, name: string, owner: string | undefined) {
  const found = await client.query('select 1 from pg_database where datname = $1', [name])
  if (found.rowCount === 0) {
    await client.query(`create database ${name}${owner === undefined ? '' : ` owner ${owner}`}`)
  }
  if (owner !== undefined) await client.query(`revoke all on database ${name} from public`)
}
