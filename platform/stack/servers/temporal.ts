import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { addressText, stackAddresses } from '../addresses.ts'
import type { Component, Launch } from '../component.ts'
import { fetchTemporal } from '../fetch/temporal.ts'
import { homePaths } from '../home.ts'
import type { StackOptions } from '../options.ts'
import { probeAnswer, probeHttp } from '../probes.ts'
import {
  STACK_VERSIONS,
  TEMPORAL_DYNAMIC_CONFIG,
  TEMPORAL_NAMESPACE,
  TEMPORAL_SEARCH_ATTRIBUTES,
  TEMPORAL_SQLITE_PRAGMAS,
} from '../settings.ts'
import { serverEnvironment } from './server-environment.ts'

/** Temporal's development server with its UI and a database file. */
export function createTemporal(options: StackOptions): Component {
  const { temporal, temporalUi, temporalHttp, temporalMetrics } = stackAddresses(options.portBase)
  const namespace = `http://${addressText(temporalHttp)}/api/v1/namespaces/${TEMPORAL_NAMESPACE}`
  return {
    name: 'temporal',
    kind: 'server',
    external: false,
    needs: [],
    address: addressText(temporal),
    version: STACK_VERSIONS.temporal,
    ports: [temporal, temporalUi, temporalHttp, temporalMetrics].map(({ port }) => port),
    readyMsMax: READY_MS_MAX,
    graceMsMax: GRACE_MS_MAX,
    stopSignal: 'SIGTERM',
    fetch: fetchTemporal,
    async prepare({ fetched }) {
      const folder = homePaths(options.home).temporal
      mkdirSync(folder, { recursive: true })
      return launch(options, join(fetched?.folder ?? '', 'temporal'), folder)
    },
    probe: () => probeHttp(namespace),
    alive: (msMax) => probeAnswer(namespace, msMax),
  }
}

const READY_MS_MAX = 60_000
// A graceful stop takes some 2.3 s; until then its ports are taken.
const GRACE_MS_MAX = 10_000

function launch(options: StackOptions, command: string, folder: string): Launch {
  const { temporal, temporalUi, temporalHttp, temporalMetrics } = stackAddresses(options.portBase)
  const places = {
    ip: temporal.host,
    port: temporal.port,
    'ui-port': temporalUi.port,
    'http-port': temporalHttp.port,
    'metrics-port': temporalMetrics.port,
    'db-filename': join(folder, 'temporal.db'),
    namespace: TEMPORAL_NAMESPACE,
    'log-level': 'error',
  }
  const repeated = {
    'search-attribute': TEMPORAL_SEARCH_ATTRIBUTES,
    'sqlite-pragma': TEMPORAL_SQLITE_PRAGMAS,
    'dynamic-config-value': TEMPORAL_DYNAMIC_CONFIG,
  }
  const flags = Object.entries(places).flatMap(([name, value]) => [`--${name}`, String(value)])
  const lists = Object.entries(repeated).flatMap(([name, values]) =>
    Object.entries(values).flatMap(([key, value]) => [`--${name}`, `${key}=${value}`]),
  )
  // The user's own configuration of the command line is not ours.
  const alone = ['--disable-config-file', '--disable-config-env']
  return {
    command,
    args: ['server', 'start-dev', ...alone, ...flags, ...lists],
    env: serverEnvironment(options.env),
    cwd: folder,
  }
}
