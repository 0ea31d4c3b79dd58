import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addressText, stackAddresses } from '../addresses.ts'
import type { Component, Launch } from '../component.ts'
import { fetchGrafana, type Grafana } from '../fetch/grafana.ts'
import { homePaths } from '../home.ts'
import type { StackOptions, Watchers } from '../options.ts'
import { checkPorts } from '../ports.ts'
import { probeAnswer, probeHttp } from '../probes.ts'
import { GRAFANA_SETTINGS, STACK_VERSIONS } from '../settings.ts'
import { writeProvisioning } from './grafana-provisioning.ts'
import { serverEnvironment } from './server-environment.ts'

/** Grafana on loopback, with the datasources, dashboards and alerts of docker-compose.yml. */
export function createGrafana(options: StackOptions): Component {
  const { grafana } = stackAddresses(options.portBase)
  const url = `http://${addressText(grafana)}`
  // It asks for its tables when somebody looks; beside the migration it would only make both slower.
  const needs = options.processes?.some(({ name }) => name === 'migrate') ? ['migrate'] : []
  return {
    name: 'grafana',
    kind: 'server',
    external: false,
    optional: true,
    needs,
    address: url,
    version: STACK_VERSIONS.grafana,
    ports: [grafana.port],
    readyMsMax: READY_MS_MAX,
    graceMsMax: GRACE_MS_MAX,
    stopSignal: 'SIGTERM',
    fetch: fetchGrafana,
    async prepare({ fetched }) {
      await checkPorts([grafana.port])
      return launch(options, fetched as Grafana)
    },
    probe: () => probeHttp(`${url}/api/health`),
    alive: (msMax) => probeAnswer(`${url}/api/health`, msMax),
  }
}

// The first start makes its database.
const READY_MS_MAX = 120_000
const GRACE_MS_MAX = 10_000

function launch(options: StackOptions, { folder: homepath, command }: Grafana): Launch {
  const { watchers } = options
  if (watchers === undefined) throw new Error('Grafana was given no settings')
  const folder = homePaths(options.home).grafana
  const provisioning = join(folder, 'provisioning')
  const data = join(folder, 'data')
  for (const name of ['log', 'plugins']) mkdirSync(join(data, name), { recursive: true })
  writeProvisioning(provisioning, options, watchers)
  // Without a file of ours it would read one of the machine's.
  const config = join(folder, 'grafana.ini')
  writeFileSync(config, '; Grafana is told everything by its environment.\n')
  const [program, ...args] = command
  return {
    command: program,
    args: [...args, `--homepath=${homepath}`, `--config=${config}`],
    env: {
      ...serverEnvironment(options.env),
      ...mailSettings(options.env),
      ...GRAFANA_SETTINGS,
      ...placeSettings(options, watchers),
      GF_PATHS_PROVISIONING: provisioning,
      GF_PATHS_DATA: data,
      GF_PATHS_LOGS: join(data, 'log'),
      GF_PATHS_PLUGINS: join(data, 'plugins'),
    },
    cwd: folder,
  }
}

// Secrets go by the environment: arguments are visible to every user of the machine.
function placeSettings(options: StackOptions, watchers: Watchers): Record<string, string> {
  const { grafana } = stackAddresses(options.portBase)
  return {
    GF_SECURITY_ADMIN_PASSWORD: watchers.grafanaPassword,
    GF_SECURITY_SECRET_KEY: watchers.grafanaKey,
    GF_SERVER_HTTP_ADDR: grafana.host,
    GF_SERVER_HTTP_PORT: String(grafana.port),
    GF_SERVER_ROOT_URL: `http://${addressText(grafana)}/`,
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(
      options.checkout,
      'grafana/dashboards/upi-live.json',
    ),
  }
}

// How mail is sent is Grafana's own business, in Grafana's own names.
function mailSettings(env: StackOptions['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('GF_SMTP_')))
}
