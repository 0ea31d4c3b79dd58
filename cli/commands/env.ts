import type { Command } from 'commander'
import { UpiError } from '../../core/errors.ts'
import { type Config, loadConfig, need, type SettingName } from '../../platform/config.ts'
import { addressOf } from '../../platform/postgres.ts'
import { registryAccess } from '../../platform/registry-access.ts'
import { SETTINGS } from '../../platform/settings.ts'
import type { StackState, WatcherName } from '../../platform/stack/index.ts'
import { newCommand } from '../command.ts'
import { print } from '../output.ts'

/** The settings that another program needs to reach the platform. */
const EXPORTED: readonly SettingName[] = [
  'databaseUrl',
  'ingestDatabaseUrl',
  'transformDatabaseUrl',
  'apiDatabaseUrl',
  'reportDatabaseUrl',
  'backupDatabaseUrl',
  'kafkaBrokers',
  'schemaRegistryUrl',
  'temporalAddress',
  'temporalNamespace',
  'temporalUiUrl',
  'apiUrl',
  'grafanaUrl',
  'prometheusUrl',
  'lakeDir',
  'backupDir',
  'topic',
  'home',
  'portBase',
]

/** `./upi env` */
export function envCommand(): Command {
  return newCommand(
    'env',
    "Print the addresses of the platform as KEY='value' lines, passwords included.",
  )
    .addHelpText('after', '\nUse: eval "$(./upi env)"; psql "$DATABASE_URL"')
    .action(() => {
      const config = loadConfig()
      if (config.databaseUrl === undefined) {
        throw new UpiError(
          'NOT_READY',
          `no local stack in ${config.home}, and DATABASE_URL is not set`,
          {
            fix: 'run ./upi up',
          },
        )
      }
      for (const name of EXPORTED) {
        const value = config[name]
        if (value === undefined) continue
        print(`${SETTINGS[name].env}=${shellQuote(String(value))}`)
      }
    })
}

/** What people want to open after `up`: never a password. */
export function addressRows(
  config: Config,
  { components }: StackState,
): { about: string; shown: string }[] {
  // What may be missing is shown where it is or will be.
  const watcher = (name: WatcherName, url: string | undefined) => {
    const found = components.find((each) => each.name === name)
    if (found === undefined || found.state === 'absent') return undefined
    return found.state === 'ready' ? url : `${url} (${found.state})`
  }
  const rows = [
    ['Postgres', config.databaseUrl === undefined ? undefined : addressOf(config.databaseUrl)],
    ['Kafka', config.kafkaBrokers?.join(',')],
    ['Schema registry', registryUrl(config)],
    ['Temporal', config.temporalAddress],
    ['Temporal UI', config.temporalUiUrl],
    ['Grafana', watcher('grafana', config.grafanaUrl)],
    ['Prometheus', watcher('prometheus', config.prometheusUrl)],
  ] as const
  return rows.flatMap(([about, shown]) => (shown === undefined ? [] : [{ about, shown }]))
}

function registryUrl(config: Config): string | undefined {
  if (config.schemaRegistryUrl === undefined) return undefined
  return registryAccess(need(config, 'schemaRegistryUrl')).url
}

function shellQuote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`
}
