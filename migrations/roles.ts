import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'

/** The role that owns all objects. It cannot log in: the user that migrates takes it on. */
export const OWNER_ROLE = 'upi_admin'

/** One role a process, with no more rights than its work needs. */
export const LOGIN_ROLES = [
  'upi_ingest',
  'upi_transform',
  'upi_api',
  'upi_report',
  'upi_backup',
] as const
export type LoginRole = (typeof LOGIN_ROLES)[number]

/**
 * Makes the roles that are missing and lets the present user act as those that own something. Roles belong to the
 * cluster: other databases may be migrated at the same moment, so whoever loses such a race looks again.
 */
export async function ensureRoles(client: ClientBase): Promise<void> {
  await ensureRole(client, OWNER_ROLE, 'nologin')
  for (const role of LOGIN_ROLES) await ensureRole(client, role, 'login')
  await takeOn(client, OWNER_ROLE)
  await takeOn(client, 'upi_transform')
}

const RACES_MAX = 20
// Long enough for one such change, of different length for each who lost.
const RACE_PAUSE_MS_MAX = 50

/** Repeats a change that another session has just made as well; for changes that look before they write. */
export async function afterRaces<T>(change: () => Promise<T>): Promise<T> {
  for (let races = 0; ; races++) {
    try {
      return await change()
    } catch (fault) {
      if (!isRace(fault) || races === RACES_MAX) throw fault
      await sleep(Math.random() * RACE_PAUSE_MS_MAX)
    }
  }
}

function isRace(fault: unknown): boolean {
  const { code, message } = fault as { code?: string; message?: string }
  const isDuplicate = code === '42710' || code === '23505'
  return isDuplicate || (code === 'XX000' && /^tuple concurrently/.test(message ?? ''))
}

async function ensureRole(client: ClientBase, role: string, kind: 'login' | 'nologin') {
  await afterRaces(async () => {
    const { rows } = await client.query<{ rolcanlogin: boolean }>(
      'select rolcanlogin from pg_roles where rolname = $1',
      [role],
    )
    const found = rows[0]
    if (found === undefined) await client.query(`create role ${role} ${kind}`)
    else if (kind === 'login' && !found.rolcanlogin) await client.query(`alter role ${role} login`)
  })
}

// A managed server's user makes roles without being a superuser, and may act as them once it has said so.
async function takeOn(client: ClientBase, role: string): Promise<void> {
  await afterRaces(async () => {
    const { rows } = await client.query<{ may: boolean }>(
      `select pg_has_role($1::name, 'set') as may`,
      [role],
    )
    if (rows[0]?.may === true) return
    await client.query(`grant ${role} to current_user with set true, inherit true`)
  })
}
