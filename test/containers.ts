import { randomBytes } from 'node:crypto'
import type { StartedTestContainer } from 'testcontainers'
import { LOGIN_ROLES } from '../migrations/roles.ts'
import { probeHttp, probeKafka, probePostgres, probeTcp } from '../platform/stack/probes.ts'
import {
  REGISTRY_API_PATH,
  STACK_VERSIONS,
  TEMPORAL_DYNAMIC_CONFIG,
  TEMPORAL_NAMESPACE,
  TEMPORAL_SEARCH_ATTRIBUTES,
} from '../platform/stack/settings.ts'
import { readComposeFile } from './compose-file.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import type { Servers } from './servers.ts'

const START_MS_MAX = 120_000

/** Starts the servers as containers, if a Docker engine answers and the images can be had. */
export async function startContainers(): Promise<Servers | undefined> {
  const { getContainerRuntimeClient } = await import('testcontainers')
  const engine = await getContainerRuntimeClient().catch(() => undefined)
  if (engine === undefined) return undefined
  // By name it might be looked for at ::1, where some engines publish nothing.
  const host = engine.info.containerRuntime.host.replace(/^localhost$/, '127.0.0.1')
  const place = { host, kafkaPort: await freePort(), password: secret() }
  const starts = await Promise.allSettled(planContainers(place).map(startContainer))
  const started = starts.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const stop = async () => {
    await Promise.all(started.map((container) => container.stop()))
  }
  try {
    const failed = starts.find((each) => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return { ...(await reach(place, started)), about: `containers on ${host}`, stop }
  } catch (fault) {
    await stop()
    const [reason] = (fault as Error).message.split('\n')
    process.stderr.write(`test servers: Docker answers, but not with its containers: ${reason}\n`)
    return undefined
  }
}

interface Place {
  readonly host: string
  /** Known before the start: a broker tells its clients where it is. */
  readonly kafkaPort: number
  readonly password: string
}

interface Plan {
  readonly image: string
  readonly environment?: Readonly<Record<string, string | null>>
  readonly command?: readonly string[]
  readonly port: number
  readonly hostPort?: number
}

// Images and settings are those of docker-compose.yml; only the places differ.
function planContainers({ host, kafkaPort, password }: Place): readonly Plan[] {
  const { postgres, kafka, registry } = readComposeFile().services
  if (postgres === undefined || kafka === undefined || registry === undefined) {
    throw new Error('docker-compose.yml lacks postgres, kafka or registry')
  }
  return [
    {
      image: postgres.image,
      command: postgres.command ?? [],
      environment: { POSTGRES_USER: 'upi', POSTGRES_DB: 'upi', POSTGRES_PASSWORD: password },
      port: 5432,
    },
    {
      image: kafka.image,
      environment: {
        ...kafka.environment,
        CLUSTER_ID: 'dXBpLXRlc3QtY2x1c3Rlcg',
        KAFKA_ADVERTISED_LISTENERS: `INTERNAL://localhost:9092,HOST://${host}:${kafkaPort}`,
        KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      },
      port: 9094,
      hostPort: kafkaPort,
    },
    { image: registry.image, port: 8080 },
    {
      image: `temporalio/temporal:${STACK_VERSIONS.temporal}`,
      command: [
        'server',
        'start-dev',
        '--ip',
        '0.0.0.0',
        '--log-level',
        'error',
        ...TEMPORAL_FLAGS,
      ],
      port: 7233,
    },
  ]
}

const TEMPORAL_FLAGS = [
  ['namespace', TEMPORAL_NAMESPACE],
  ...pairs('search-attribute', TEMPORAL_SEARCH_ATTRIBUTES),
  ...pairs('dynamic-config-value', TEMPORAL_DYNAMIC_CONFIG),
].flatMap(([name, value]) => [`--${name}`, `${value}`])

function pairs(flag: string, values: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(values).map(([name, value]) => [flag, `${name}=${value}`])
}

async function startContainer(plan: Plan): Promise<StartedTestContainer> {
  const { GenericContainer } = await import('testcontainers')
  const { image, environment = {}, command, port, hostPort } = plan
  const given = Object.entries(environment).filter(([, value]) => value !== null)
  const container = new GenericContainer(image)
    .withEnvironment(Object.fromEntries(given) as Record<string, string>)
    .withExposedPorts(hostPort === undefined ? port : { container: port, host: hostPort })
    .withStartupTimeout(START_MS_MAX)
  return await (command === undefined ? container : container.withCommand([...command])).start()
}

// A port may be open before the server behind it serves.
async function reach(
  { host, kafkaPort, password }: Place,
  [postgres, , registry, temporal]: readonly StartedTestContainer[],
): Promise<Pick<Servers, 'stack' | 'rolePasswords'>> {
  const ports = [postgres, registry, temporal].map((container) => container?.getFirstMappedPort())
  const [postgresPort, registryPort, temporalPort = 0] = ports
  const stack = {
    databaseUrl: `postgres://upi:${password}@${host}:${postgresPort}/upi`,
    kafkaBrokers: `${host}:${kafkaPort}`,
    registryUrl: `http://${host}:${registryPort}${REGISTRY_API_PATH}`,
    temporalAddress: `${host}:${temporalPort}`,
    temporalNamespace: TEMPORAL_NAMESPACE,
  }
  const probes = [
    () => probePostgres(stack.databaseUrl),
    () => probeKafka(host, kafkaPort),
    () => probeHttp(`${stack.registryUrl}/subjects`),
    () => probeTcp(host, temporalPort),
  ]
  await Promise.all(probes.map((probe) => eventually(probe, () => true, START_MS_MAX)))
  const passwords = LOGIN_ROLES.map((role) => [role, secret()])
  return { stack, rolePasswords: Object.fromEntries(passwords) as Servers['rolePasswords'] }
}

function secret(): string {
  return randomBytes(16).toString('hex')
}
