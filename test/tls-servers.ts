import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { addressText, stackAddresses } from '../platform/stack/addresses.ts'
import { fetchPart } from '../platform/stack/fetch/part.ts'
import { KAFKA_PART } from '../platform/stack/fetch/parts.ts'
import { runTool } from '../platform/stack/fetch/run-tool.ts'
import { homePaths, logFile } from '../platform/stack/home.ts'
import type { StackOptions } from '../platform/stack/index.ts'
import { probeTcp } from '../platform/stack/probes.ts'
import { findJava } from '../platform/stack/servers/java.ts'
import { serverProperties } from '../platform/stack/servers/kafka.ts'
import { ADMIN, createPostgres } from '../platform/stack/servers/postgres.ts'
import { KAFKA_JAVA_OPTIONS } from '../platform/stack/settings.ts'
import { type Authority, type Certificate, makeAuthority } from './certificates.ts'
import { eventually } from './eventually.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { ownStackOptions } from './own-stack.ts'

/** A Kafka and a Postgres that let nobody in without TLS and a password. */
export interface TlsServers {
  /** Of these servers alone; removed with them. */
  readonly folder: string
  readonly authority: Authority
  /** Its certificate is for 127.0.0.1 only, and it wants one of the client too. */
  readonly kafka: TlsServer & { readonly client: Certificate }
  /** Its certificate is for localhost only. */
  readonly postgres: TlsServer
  stop(): Promise<void>
}

interface TlsServer {
  readonly port: number
  readonly user: string
  readonly password: string
}

/** Starts them on free ports, from the parts and the settings of the local stack. */
export async function startTlsServers(): Promise<TlsServers> {
  const secrets = { postgresPassword: newPassword(), registryPassword: '' }
  const options = await ownStackOptions({ secrets })
  const { home: folder } = options
  // Postgres may be run by a user of its own, who has to walk through.
  chmodSync(folder, 0o711)
  mkdirSync(homePaths(folder).logs)
  const started: GuardedProcess[] = []
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const authority = await makeAuthority(folder, 'authority')
    const place = { options, authority, started }
    const servers = [startKafka(place), startPostgres(place)] as const
    // One that fails must not be left by the other, which has yet to start its process.
    await Promise.allSettled(servers)
    const [kafka, postgres] = await Promise.all(servers)
    return { folder, authority, kafka, postgres, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

interface Place {
  readonly options: StackOptions
  readonly authority: Authority
  readonly started: GuardedProcess[]
}

const READY_MS_MAX = 60_000
const NEVER = new AbortController().signal

// Not only letters: it has to survive being part of a URL.
function newPassword(): string {
  return `p@ss/${randomBytes(16).toString('hex')}`
}

async function startKafka({ options, authority, started }: Place): Promise<TlsServers['kafka']> {
  const { home, env, portBase } = options
  const folder = homePaths(home).kafka
  mkdirSync(folder)
  const [server, client, java, part] = await Promise.all([
    authority.sign('kafka', 'IP:127.0.0.1'),
    authority.sign('client', 'DNS:client'),
    findJava(env, NEVER),
    fetchPart(KAFKA_PART, { ...options, signal: NEVER, progress: () => {} }),
  ])
  const keystore = join(folder, 'keystore.pem')
  const identity = readFileSync(server.key, 'utf8') + readFileSync(server.cert, 'utf8')
  writeFileSync(keystore, identity, { mode: 0o600 })
  const login = { user: 'upi', password: newPassword() }
  const properties = join(folder, 'server.properties')
  const tls = tlsProperties({ ...login, portBase, keystore, truststore: authority.cert })
  writeFileSync(properties, `${serverProperties(portBase, join(folder, 'data'))}${tls}`)

  const classes = ['-XX:TieredStopAtLevel=1', '-cp', join(part.folder, 'libs', '*')]
  const { command } = java
  await runTool({ command, args: [...classes, ...formatArgs(login), '-c', properties], env })
  const args = [...KAFKA_JAVA_OPTIONS, ...classes, 'kafka.Kafka', properties]
  const run = { logPath: logFile(home, 'kafka'), stopSignal: 'KILL' } as const
  started.push(startGuarded({ command, args, env, cwd: folder }, run))
  const { host, port } = stackAddresses(portBase).kafka
  await eventually(() => probeTcp(host, port).then(() => true), Boolean, READY_MS_MAX)
  return { port, ...login, client }
}

// Of two lines for one name Java takes the later one.
function tlsProperties(
  broker: Omit<TlsServer, 'port'> & { portBase: number; keystore: string; truststore: string },
): string {
  const { kafka, kafkaController } = stackAddresses(broker.portBase)
  const login = `username="${broker.user}" password="${broker.password}"`
  return `
listeners=SASL_SSL://${addressText(kafka)},CONTROLLER://${addressText(kafkaController)}
advertised.listeners=SASL_SSL://${addressText(kafka)}
inter.broker.listener.name=SASL_SSL
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${SCRAM_MODULE} required ${login};
listener.name.sasl_ssl.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location=${broker.keystore}
ssl.truststore.type=PEM
ssl.truststore.location=${broker.truststore}
`
}

const SCRAM_MODULE = 'org.apache.kafka.common.security.scram.ScramLoginModule'

function formatArgs({ user, password }: { user: string; password: string }): string[] {
  const credentials = `SCRAM-SHA-512=[name=${user},password=${password}]`
  // A leading minus would be read as an option.
  const clusterId = `a${randomBytes(16).toString('base64url').slice(1)}`
  const format = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', clusterId]
  return [...format, '--add-scram', credentials]
}

async function startPostgres({ options, authority, started }: Place): Promise<TlsServer> {
  const { home, portBase, secrets } = options
  const logPath = logFile(home, 'postgres')
  const prepared = createPostgres(options).prepare?.({
    fetched: undefined,
    signal: NEVER,
    logPath,
  })
  const [launch, server] = await Promise.all([
    prepared,
    authority.sign('postgres', 'DNS:localhost'),
  ])
  if (launch === undefined) throw new Error('there is no Postgres to start')
  const data = join(homePaths(home).postgres, 'data')
  const settings = {
    ssl: 'on',
    ssl_cert_file: lend(server.cert, join(data, 'server.crt')),
    ssl_key_file: lend(server.key, join(data, 'server.key')),
  }
  writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all all scram-sha-256\n')
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const run = { logPath, stopSignal: 'QUIT' } as const
  started.push(startGuarded({ ...launch, args: [...launch.args, ...flags] }, run))

  const { port } = stackAddresses(portBase).postgres
  const login = { port, user: ADMIN, password: secrets.postgresPassword }
  const ssl = { ca: readFileSync(authority.cert, 'utf8') }
  await eventually(
    () => createDatabase({ ...login, host: 'localhost', ssl }),
    Boolean,
    READY_MS_MAX,
  )
  return login
}

/** Copies a file for whoever owns the folder of the copy. */
function lend(file: string, copy: string): string {
  copyFileSync(file, copy)
  const { uid, gid } = statSync(dirname(copy))
  chownSync(copy, uid, gid)
  chmodSync(copy, 0o600)
  return copy
}

async function createDatabase(login: pg.ClientConfig): Promise<true> {
  const client = new pg.Client({ ...login, database: 'postgres' })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('create database upi')
    return true
  } finally {
    await client.end().catch(() => {})
  }
}
