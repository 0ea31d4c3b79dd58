import { join } from 'node:path'
import { UpiError } from '../core/errors.ts'
import { MIGRATE_MS_MAX } from '../core/stack-limits.ts'
import manifest from '../package.json' with { type: 'json' }
import { alertContacts } from '../platform/alert-settings.ts'
import { type Config, environmentOf, loadConfig, NODE_ARGS, need } from '../platform/config.ts'
import { kafkaAccess } from '../platform/kafka.ts'
import { ensureSecrets, localStack, PORT_BASE_DEFAULT } from '../platform/local-stack.ts'
import { secureUrl } from '../platform/postgres.ts'
import { registryAccess } from '../platform/registry-access.ts'
import {
  type ExternalServers,
  type ProcessSpec,
  readState,
  type ServerName,
  type StackOptions,
  WATCHER_NAMES,
  type Watchers,
} from '../platform/stack/index.ts'
import { hostOf } from '../platform/transport.ts'

/** What `up` may leave out or set. */
export interface StackChoice {
  /** Transactions a second; 0 for no traffic. */
  readonly rate: number
  /** Only these parts, by name; undefined for all. */
  readonly only?: readonly string[]
}

const SERVERS: readonly ServerName[] = ['postgres', 'kafka', 'registry', 'temporal']

/**
 * The whole local stack as data, to be started: servers, one-shot steps and processes, from the settings. Makes the
 * secrets if there are none. A stack that runs stays where it is, whatever the settings say.
 */
export function startOptions(choice: StackChoice): { config: Config; options: StackOptions } {
  const before = loadConfig()
  refuseUnknown(choice.only ?? [], partNames(before))
  ensureSecrets(before.home)
  const running = readState(before.home)
  const isStaying = running?.phase === 'starting' || running?.phase === 'ready'
  const place = isStaying ? { UPI_PORT_BASE: String(running.portBase) } : {}
  const config = loadConfig({ ...environmentOf(), ...place })
  // Said here, once, rather than by processes that start again and again.
  if (choice.only === undefined) need(config, 'ingestDatabaseUrl', 'transformDatabaseUrl')
  return { config, options: stackOptions(config, choice) }
}

/** The same to be looked at only: makes nothing, not even secrets. */
export function plannedOptions(): StackOptions {
  return stackOptions(loadConfig(), { rate: 0 })
}

function refuseUnknown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const shown = unknown.map((name) => `'${name}'`).join(', ')
  throw new UpiError('OPTION_INVALID', `--only: there is no part ${shown}`, {
    fix: `choose from ${known.join(', ')}`,
  })
}

/** The names that `up --only` takes. */
export function partNames(config: Config): string[] {
  return [...SERVERS, ...WATCHER_NAMES, ...processSpecs(config, 0, 1).map((spec) => spec.name)]
}

function stackOptions(config: Config, choice: StackChoice): StackOptions {
  const portBase = config.portBase ?? PORT_BASE_DEFAULT
  const secrets = localStack(config.home, portBase).secrets
  const isWanted = (name: string) => choice.only?.includes(name) ?? true
  return {
    home: config.home,
    cacheDir: config.cacheDir,
    portBase,
    checkout: config.checkout,
    secrets: {
      postgresPassword: secrets?.postgres ?? '',
      registryPassword: secrets?.registry ?? '',
    },
    env: environmentOf(),
    external: externalServers(config, portBase),
    servers: SERVERS.filter(isWanted),
    processes: processSpecs(config, portBase, choice.rate).filter((spec) => isWanted(spec.name)),
    watchers: {
      names: WATCHER_NAMES.filter(isWanted),
      grafanaPassword: secrets?.grafana ?? '',
      grafanaKey: secrets?.grafana_key ?? '',
      ...reporting(config),
      contacts: alertContacts(config),
    },
  }
}

function reporting(config: Config): Pick<Watchers, 'reportUrl'> {
  const { reportDatabaseUrl: url } = config
  return url === undefined ? {} : { reportUrl: secureUrl(config, url) }
}

function processSpecs(config: Config, portBase: number, rate: number): ProcessSpec[] {
  const step = (name: string, needs: string[], ...args: string[]): ProcessSpec => ({
    name,
    kind: 'step',
    version: manifest.version,
    argv: cliArgv(config, args),
    env: childEnv(config, portBase),
    needs,
  })
  const process = (name: string, slot: number, needs: string[], args: string[]): ProcessSpec => {
    const port = portBase + slot
    return {
      name,
      kind: 'process',
      version: manifest.version,
      argv: cliArgv(config, args),
      env: { ...childEnv(config, portBase), UPI_METRICS_PORT: String(port) },
      needs,
      readyUrl: `http://127.0.0.1:${port}/readyz`,
      aliveUrl: `http://127.0.0.1:${port}/healthz`,
      address: `127.0.0.1:${port}`,
      ports: [port],
    }
  }
  const specs = [
    { ...step('migrate', ['postgres'], 'migrate'), readyMsMax: MIGRATE_MS_MAX },
    step('topics', ['kafka'], 'topics'),
    step('schema', ['registry'], 'schema', 'register'),
    step('schedules', ['temporal'], 'schedules', 'apply'),
    process('stream', 10, ['migrate', 'topics', 'schema'], ['stream']),
    process('worker', 11, ['migrate', 'schedules'], ['worker']),
  ]
  if (rate === 0) return specs
  return [
    ...specs,
    process('traffic', 12, ['topics', 'schema'], ['generate', '--rate', String(rate)]),
  ]
}

function cliArgv(config: Config, args: string[]): [string, ...string[]] {
  return [
    join(config.checkout, 'node_modules/node/bin/node'),
    ...NODE_ARGS,
    join(config.checkout, 'cli/main.ts'),
    ...args,
  ]
}

// Secrets reach the processes by the home folder's own file, not by their environment.
function childEnv(config: Config, portBase: number): Record<string, string> {
  return {
    ...environmentOf(),
    UPI_HOME: config.home,
    UPI_CACHE_DIR: config.cacheDir,
    UPI_PORT_BASE: String(portBase),
  }
}

/** What the settings place elsewhere: such a server is probed, not started. */
function externalServers(config: Config, portBase: number): ExternalServers {
  const isOurs = (address: string, slot: number) =>
    ['127.0.0.1', 'localhost'].includes(hostOf(address)) && address.endsWith(`:${portBase + slot}`)
  const { databaseUrl, kafkaBrokers = [], schemaRegistryUrl, temporalAddress } = config
  const { grafanaUrl = '', prometheusUrl = '' } = config
  const isElsewhere = {
    postgres: databaseUrl !== undefined && !isOurs(new URL(databaseUrl).host, 0),
    kafka: !kafkaBrokers.every((broker) => isOurs(broker, 1)),
    registry: schemaRegistryUrl !== undefined && !isOurs(new URL(schemaRegistryUrl).host, 3),
    temporal: temporalAddress !== undefined && !isOurs(temporalAddress, 4),
    grafana: grafanaUrl !== '' && !isOurs(new URL(grafanaUrl).host, 7),
    prometheus: prometheusUrl !== '' && !isOurs(new URL(prometheusUrl).host, 8),
  }
  const access = {
    postgres: () => ({ url: secureUrl(config, need(config, 'databaseUrl').databaseUrl) }),
    kafka: () => kafkaAccess(need(config, 'kafkaBrokers')),
    registry: () => externalRegistry(config),
    temporal: () => ({ address: need(config, 'temporalAddress').temporalAddress }),
    grafana: () => ({ url: grafanaUrl }),
    prometheus: () => ({ url: prometheusUrl }),
  }
  const names = [...SERVERS, ...WATCHER_NAMES].filter((name) => isElsewhere[name])
  return Object.fromEntries(names.map((name) => [name, access[name]()]))
}

function externalRegistry(config: Config) {
  const { url, user } = registryAccess(need(config, 'schemaRegistryUrl'))
  return user === undefined ? { url } : { url, auth: `${user.username}:${user.password}` }
}
