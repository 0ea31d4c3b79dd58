import { LOGIN_ROLES, type LoginRole } from '../migrations/roles.ts'
import { type Config, need, type SettingName } from '../platform/config.ts'
import { startContainers } from './containers.ts'
import { startLocalServers } from './local-servers.ts'
import { findRunningServers } from './running-servers.ts'
import type { SharedStack } from './stack-context.ts'

/** Containers where a Docker engine answers, else those of a running `./upi up`, else local ones for this run alone. */
export async function findServers(): Promise<Servers> {
  return (await startContainers()) ?? (await findRunningServers()) ?? (await startLocalServers())
}

/** The servers of a test run and how to be rid of them. */
export interface Servers extends Access {
  /** One line for people: where they come from. */
  readonly about: string
  /** `keep`: what failed tests left in the databases is to be looked at. */
  stop(options: { keep: boolean }): Promise<void>
}

export interface Access {
  readonly stack: SharedStack
  readonly rolePasswords: Readonly<Record<LoginRole, string>>
}

/** The settings that a config must have to be used as the servers of tests. */
export const NEEDED = [
  'databaseUrl',
  'ingestDatabaseUrl',
  'transformDatabaseUrl',
  'apiDatabaseUrl',
  'reportDatabaseUrl',
  'backupDatabaseUrl',
  'kafkaBrokers',
  'schemaRegistryUrl',
  'temporalAddress',
] as const satisfies SettingName[]

/** How a config's servers are reached. */
export function accessOf(config: Config): Access {
  const found = need(config, ...NEEDED)
  const urls: Record<LoginRole, string> = {
    upi_ingest: found.ingestDatabaseUrl,
    upi_transform: found.transformDatabaseUrl,
    upi_api: found.apiDatabaseUrl,
    upi_report: found.reportDatabaseUrl,
    upi_backup: found.backupDatabaseUrl,
  }
  const passwordOf = (role: LoginRole) => decodeURIComponent(new URL(urls[role]).password)
  return {
    stack: {
      databaseUrl: found.databaseUrl,
      kafkaBrokers: found.kafkaBrokers.join(','),
      registryUrl: found.schemaRegistryUrl,
      temporalAddress: found.temporalAddress,
      temporalNamespace: found.temporalNamespace,
    },
    rolePasswords: Object.fromEntries(
      LOGIN_ROLES.map((role) => [role, passwordOf(role)]),
    ) as Access['rolePasswords'],
  }
}
