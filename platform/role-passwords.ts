import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterRaces } from '../migrations/roles.ts'

/** The password of each role that logs in. */
export type RolePasswords = Readonly<Record<string, string>>

/**
 * Gives each role its password where another, or none, is set; returns the roles that were changed. The server is
 * sent a SCRAM verifier, so that no password reaches its logs.
 */
export async function applyRolePasswords(
  client: pg.ClientBase,
  passwords: RolePasswords,
  connectionString: string,
): Promise<string[]> {
  const verifiers = await readVerifiers(client, Object.keys(passwords))
  const changed: string[] = []
  for (const [role, password] of Object.entries(passwords)) {
    const isSet =
      verifiers === undefined
        ? await canLogIn(connectionString, role, password)
        : matchesVerifier(password, verifiers.get(role) ?? '')
    if (isSet) continue
    const verifier = client.escapeLiteral(scramVerifier(password))
    const name = client.escapeIdentifier(role)
    await afterRaces(() => client.query(`alter role ${name} password ${verifier}`))
    changed.push(role)
  }
  return changed
}

// What Postgres itself uses unless scram_iterations says otherwise.
const SCRAM_ITERATIONS = 4096

/** What Postgres stores of a password for SCRAM-SHA-256: enough to check it, not to use it. */
export function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(16),
  iterations: number = SCRAM_ITERATIONS,
): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest('base64')
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}

/** Whether a stored verifier is that of the password. */
export function matchesVerifier(password: string, verifier: string): boolean {
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier) ?? []
  if (iterations === undefined || salt === undefined) return false
  return scramVerifier(password, Buffer.from(salt, 'base64'), Number(iterations)) === verifier
}

/** The stored verifiers, which only a superuser may see: undefined for others. */
async function readVerifiers(client: pg.ClientBase, roles: string[]) {
  const { rows: access } = await client.query<{ may: boolean }>(
    `select has_column_privilege('pg_authid', 'rolpassword', 'select') as may`,
  )
  if (access[0]?.may !== true) return undefined
  const { rows } = await client.query<{ rolname: string; rolpassword: string | null }>(
    'select rolname, rolpassword from pg_authid where rolname = any($1)',
    [roles],
  )
  return new Map(rows.map(({ rolname, rolpassword }) => [rolname, rolpassword]))
}

async function canLogIn(connectionString: string, user: string, password: string) {
  const url = new URL(connectionString)
  url.username = encodeURIComponent(user)
  url.password = encodeURIComponent(password)
  const client = new pg.Client({ connectionString: url.href })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch (fault) {
    // 28P01 and 28000: the password is another, or the role may not log in yet.
    if (/^28/.test((fault as { code?: string }).code ?? '')) return false
    throw fault
  } finally {
    await client.end().catch(() => {})
  }
}
