import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { addressText, stackAddresses } from '../addresses.ts'
import type { Component, Launch } from '../component.ts'
import { fetchPart } from '../fetch/part.ts'
import { REGISTRY_PART } from '../fetch/parts.ts'
import { homePaths } from '../home.ts'
import type { StackOptions } from '../options.ts'
import { probeAnswer, probeHttp } from '../probes.ts'
import {
  REGISTRY_API_PATH,
  REGISTRY_JAVA_OPTIONS,
  REGISTRY_SETTINGS,
  STACK_VERSIONS,
} from '../settings.ts'
import { findJava, JAVA_ENVIRONMENT } from './java.ts'
import { REGISTRY_ROLE } from './postgres-databases.ts'
import { serverEnvironment } from './server-environment.ts'

/** The schema registry. It keeps its schemas in our Postgres; where Postgres is elsewhere, in a file of its own. */
export function createRegistry(options: StackOptions): Component {
  const { registry } = stackAddresses(options.portBase)
  let java = ''
  return {
    name: 'registry',
    kind: 'server',
    external: false,
    needs: options.external?.postgres === undefined ? ['postgres'] : [],
    address: `http://${addressText(registry)}${REGISTRY_API_PATH}`,
    version: STACK_VERSIONS.registry,
    ports: [registry.port],
    readyMsMax: READY_MS_MAX,
    graceMsMax: GRACE_MS_MAX,
    stopSignal: 'SIGTERM',
    async fetch(context) {
      java = (await findJava(context.env, context.signal)).command
      return fetchPart(REGISTRY_PART, context)
    },
    async prepare({ fetched }) {
      return launch(options, java, fetched?.folder ?? '')
    },
    probe: () => probeHttp(`http://${addressText(registry)}/health/ready`),
    alive: (msMax) => probeAnswer(`http://${addressText(registry)}/health/live`, msMax),
  }
}

const READY_MS_MAX = 120_000
const GRACE_MS_MAX = 10_000

// The password goes by the environment: arguments are visible to every user of the machine.
function launch(options: StackOptions, java: string, folder: string): Launch {
  const { registry } = stackAddresses(options.portBase)
  const settings = {
    ...REGISTRY_SETTINGS,
    'quarkus.http.host': registry.host,
    'quarkus.http.port': String(registry.port),
    'apicurio.datasource.username': REGISTRY_ROLE,
    ...storage(options),
  }
  const flags = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`)
  return {
    command: java,
    args: [...REGISTRY_JAVA_OPTIONS, ...flags, '-jar', runnerJar(folder)],
    env: {
      ...serverEnvironment(options.env),
      ...JAVA_ENVIRONMENT,
      APICURIO_DATASOURCE_PASSWORD: options.secrets.registryPassword,
    },
    cwd: folder,
  }
}

function storage(options: StackOptions): Record<string, string> {
  if (options.external?.postgres === undefined) {
    const postgres = addressText(stackAddresses(options.portBase).postgres)
    return { 'apicurio.datasource.url': `jdbc:postgresql://${postgres}/${REGISTRY_ROLE}` }
  }
  // Somebody else's server is not ours to make a database on.
  const file = join(homePaths(options.home).registry, 'schemas')
  return { 'apicurio.storage.sql.kind': 'h2', 'apicurio.datasource.url': `jdbc:h2:file:${file}` }
}

function runnerJar(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const jar = names.find((name) => name.endsWith('-runner.jar'))
  if (jar !== undefined) return join(folder, jar)
  throw new UpiError('CHECKSUM_MISMATCH', `${folder} holds no registry`, {
    fix: `remove ${folder}; it is fetched again`,
  })
}
