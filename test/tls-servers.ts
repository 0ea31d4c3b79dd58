import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { CHECKOUT, loadConfig } from '../platform/config.ts'
import { addressText, stackAddresses } from '../platform/stack/addresses.ts'
import type { Launch } from '../platform/stack/component.ts'
import { fetchPart } from '../platform/stack/fetch/part.ts'
import { KAFKA_PART } from '../platform/stack/fetch/parts.ts'
import { runTool } from '../platform/stack/fetch/run-tool.ts'
import { homePaths } from '../platform/stack/home.ts'
import { openLog } from '../platform/stack/log-file.ts'
import { isFree } from '../platform/stack/ports.ts'
import { probeTcp } from '../platform/stack/probes.ts'
import { findJava } from '../platform/stack/servers/java.ts'
import { serverProperties } from '../platform/stack/servers/kafka.ts'
import { ADMIN, createPostgres } from '../platform/stack/servers/postgres.ts'
import { KAFKA_JAVA_OPTIONS } from '../platform/stack/settings.ts'
import { type Authority, type Certificate, makeAuthority } from './certificates.ts'
import { eventually } from './eventually.ts'
import { plainEnvironment } from './plain-environment.ts'

/** A Kafka and a Postgres that let nobody in without TLS and a password. */
export interface TlsServers {
  /** Of these servers alone; removed with them. */
  readonly folder: string
  readonly authority: Authority
  /** Its certificate is for 127.0.0.1 only; it wants one of the client too. */
  readonly kafka: {
    readonly port: number
    readonly user: string
    readonly password: string
    readonly client: Certificate
  }
  /** Its certificate is for localhost only. */
  readonly postgres: { readonly port: number; readonly user: string; readonly password: string }
  stop(): Promise<void>
}

/** Starts them on free ports, from the parts of the local stack. */
export async function startTlsServers(): Promise<TlsServers> {
  const folder = mkdtempSync(join(tmpdir(), 'upi-tls-'))
  // Postgres may be run as a user of its own, who has to walk through.
  chmodSync(folder, 0o711)
  mkdirSync(homePaths(folder).logs)
  const started: Guarded[] = []
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const place: Place = {
      folder,
      portBase: await freePortBase(),
      authority: await makeAuthority(folder, 'authority'),
      start: (name, launch) => {
        const server = startGuarded(launch, join(homePaths(folder).logs, `${name}.log`))
        started.push(server)
      },
    }
    const [kafka, postgres] = await Promise.all([startKafka(place), startPostgres(place)])
    return { folder, authority: place.authority, kafka, postgres, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

interface Place {
  readonly folder: string
  readonly portBase: number
  readonly authority: Authority
  start(name: string, launch: GuardedLaunch): void
}

const PORTS = 3
const READY_MS_MAX = 60_000

// Below the ports that this machine gives to clients, which come and go.
async function freePortBase(): Promise<number> {
  for (let base = (loadConfig().portBase ?? 0) + 50; ; base += PORTS) {
    const ports = Array.from({ length: PORTS }, (_, index) => base + index)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base
  }
}

async function startKafka(place: Place): Promise<TlsServers['kafka']> {
  const folder = homePaths(place.folder).kafka
  mkdirSync(folder)
  const env = plainEnvironment()
  const { signal } = new AbortController()
  const { cacheDir } = loadConfig()
  const [server, client, java, part] = await Promise.all([
    place.authority.sign('kafka', 'IP:127.0.0.1'),
    place.authority.sign('client', 'DNS:client'),
    findJava(env, signal),
    fetchPart(KAFKA_PART, { cacheDir, env, signal, progress: () => {} }),
  ])
  const keystore = join(folder, 'keystore.pem')
  writeFileSync(keystore, readFileSync(server.key) + readFileSync(server.cert, 'utf8'), {
    mode: 0o600,
  })
  const login = { user: 'upi', password: randomBytes(16).toString('hex') }
  const properties = join(folder, 'server.properties')
  writeFileSync(properties, serverProperties(place.portBase, join(folder, 'data')))
  appendFileSync(properties, tlsProperties(place, keystore, login))
  const base = ['-XX:TieredStopAtLevel=1', '-cp', join(part.folder, 'libs', '*')]
  await runTool({
    command: java.command,
    args: [...base, ...formatArguments(login), '-c', properties],
    env,
  })
  place.start('kafka', {
    command: java.command,
    args: [...KAFKA_JAVA_OPTIONS, ...base, 'kafka.Kafka', properties],
    env,
    cwd: folder,
    stopSignal: 'KILL',
  })
  const { host, port } = stackAddresses(place.portBase).kafka
  await eventually(() => probeTcp(host, port).then(() => true), Boolean, READY_MS_MAX)
  return { port, ...login, client }
}

interface Login {
  readonly user: string
  readonly password: string
}

// Of two lines for one name Java takes the later.
function tlsProperties(place: Place, keystore: string, { user, password }: Login): string {
  const { kafka, kafkaController } = stackAddresses(place.portBase)
  const login = `org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${password}";`
  return `
listeners=SASL_SSL://${addressText(kafka)},CONTROLLER://${addressText(kafkaController)}
advertised.listeners=SASL_SSL://${addressText(kafka)}
inter.broker.listener.name=SASL_SSL
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${login}
listener.name.sasl_ssl.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location=${keystore}
ssl.truststore.type=PEM
ssl.truststore.location=${place.authority.cert}
`
}

function formatArguments({ user, password }: Login): string[] {
  const credentials = `SCRAM-SHA-512=[name=${user},password=${password}]`
  const format = ['kafka.tools.StorageTool', 'format', '--standalone', '--add-scram', credentials]
  return [...format, '-t', `a${randomBytes(16).toString('base64url').slice(1)}`]
}

async function startPostgres(place: Place): Promise<TlsServers['postgres']> {
  const login = { user: ADMIN, password: randomBytes(16).toString('hex') }
  const { signal } = new AbortController()
  const server = createPostgres({
    home: place.folder,
    cacheDir: loadConfig().cacheDir,
    portBase: place.portBase,
    checkout: CHECKOUT,
    secrets: { postgresPassword: login.password, registryPassword: '' },
    env: plainEnvironment(),
  })
  const logPath = join(homePaths(place.folder).logs, 'postgres.log')
  const launch = await server.prepare?.({ fetched: undefined, signal, logPath })
  if (launch === undefined) throw new Error('there is no Postgres to start')
  const certificate = await place.authority.sign('postgres', 'DNS:localhost')
  const data = join(homePaths(place.folder).postgres, 'data')
  const files = {
    ssl_cert_file: lend(certificate.cert, join(data, 'server.crt')),
    ssl_key_file: lend(certificate.key, join(data, 'server.key')),
  }
  writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all all scram-sha-256\n')
  const flags = Object.entries({ ssl: 'on', ...files }).map(([name, value]) => `${name}=${value}`)
  const args = [...launch.args, ...flags.flatMap((flag) => ['-c', flag])]
  place.start('postgres', { ...launch, args, stopSignal: 'QUIT' })
  const { port } = stackAddresses(place.portBase).postgres
  const ssl = { ca: readFileSync(place.authority.cert) }
  const admin = { host: 'localhost', port, database: 'postgres', ssl, ...login }
  await eventually(() => createDatabase(admin), Boolean, READY_MS_MAX)
  return { port, ...login }
}

/** Copies a file to whoever owns the folder of the copy. */
function lend(file: string, copy: string): string {
  copyFileSync(file, copy)
  const { uid, gid } = statSync(join(copy, '..'))
  chownSync(copy, uid, gid)
  chmodSync(copy, 0o600)
  return copy
}

async function createDatabase(admin: pg.ClientConfig): Promise<true> {
  const client = new pg.Client(admin)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('create database upi')
    return true
  } finally {
    await client.end().catch(() => {})
  }
}

interface GuardedLaunch extends Launch {
  /** What is in its data is of no use to anybody, but it must leave nothing else. */
  readonly stopSignal: 'KILL' | 'QUIT'
}

interface Guarded {
  stop(): Promise<void>
}

// A shell holds the server, and ends it when our end of its input is closed: by us, or by our death.
const GUARD = '"$@" </dev/null & cat >/dev/null; kill -s "$0" $!; wait $!'

function startGuarded(server: GuardedLaunch, logPath: string): Guarded {
  const { command, args, env, cwd, uid, gid, stopSignal } = server
  const log = openLog(logPath)
  const guard = spawn('sh', ['-c', GUARD, stopSignal, command, ...args], {
    env,
    cwd,
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  closeSync(log.fd)
  const ended = once(guard, 'close')
  return {
    async stop() {
      guard.stdin?.end()
      await ended
    },
  }
}
