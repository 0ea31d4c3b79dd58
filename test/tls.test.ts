import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Config, loadConfig, need } from '../platform/config.ts'
import { createKafka, kafkaAccess } from '../platform/kafka.ts'
import { readKafkaVersion } from '../platform/kafka-version.ts'
import { createPool, secureUrl } from '../platform/postgres.ts'
import { isFree } from '../platform/stack/ports.ts'
import { probeExternalKafka, probePostgres } from '../platform/stack/probes.ts'
import { createLogger } from '../platform/telemetry.ts'
import { readStreamStatus } from '../streaming/stream-status.ts'
import { makeAuthority } from './certificates.ts'
import { type CliResult, killLeftCommands, runCli, startCli } from './cli.ts'
import { eventually } from './eventually.ts'
import { type Handles, newHandles, openHandles } from './leaks.ts'
import { startTlsServers, type TlsServers } from './tls-servers.ts'

type Settings = Readonly<Record<string, string>>

const ROLE_PASSWORD = 'a role/s p@ssword'
const WRONG = 'not-the-password'
// 192.0.2.0/24 is for documentation: nobody is there.
const ELSEWHERE = '192.0.2.1'

let servers: TlsServers
let settings: Settings
let strangeCa: string
let handles: Handles

beforeAll(async () => {
  handles = openHandles()
  servers = await startTlsServers()
  strangeCa = (await makeAuthority(servers.folder, 'stranger')).cert
  settings = settingsOf(servers)
})

afterAll(async () => {
  expect(killLeftCommands()).toEqual([])
  await servers.stop()
  expect(existsSync(servers.folder)).toBe(false)
  expect(await isFree(servers.kafka.port)).toBe(true)
  expect(await isFree(servers.postgres.port)).toBe(true)
  expect(await newHandles(handles)).toEqual([])
})

function settingsOf({ folder, authority, kafka }: TlsServers): Settings {
  const passwordFile = join(folder, 'kafka-password')
  writeFileSync(passwordFile, `${kafka.password}\n`, { mode: 0o600 })
  return {
    DATABASE_URL: urlOf({}),
    INGEST_DATABASE_URL: urlOf({ user: 'upi_ingest', password: ROLE_PASSWORD }),
    TRANSFORM_DATABASE_URL: urlOf({ user: 'upi_transform', password: ROLE_PASSWORD }),
    KAFKA_BROKERS: `127.0.0.1:${kafka.port}`,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: kafka.user,
    KAFKA_SASL_PASSWORD_FILE: passwordFile,
    KAFKA_SSL_CA: authority.cert,
    KAFKA_SSL_CERT: kafka.client.cert,
    KAFKA_SSL_KEY: kafka.client.key,
    SCHEMA_REGISTRY_URL: inject('stack').registryUrl,
    UPI_PII_KEY: `test:${'5e'.repeat(32)}`,
    UPI_HOME: join(folder, 'home'),
    UPI_CACHE_DIR: loadConfig().cacheDir,
  }
}

/** A URL of the TLS Postgres; verified in full unless it is given other parameters. */
function urlOf(other: {
  user?: string
  password?: string
  host?: string
  parameters?: Settings
}): string {
  const { port, user, password } = servers.postgres
  const url = new URL(`postgres://${other.host ?? 'localhost'}:${port}/upi`)
  url.username = encodeURIComponent(other.user ?? user)
  url.password = encodeURIComponent(other.password ?? password)
  const verified = { sslmode: 'verify-full', sslrootcert: servers.authority.cert }
  url.search = new URLSearchParams(other.parameters ?? verified).toString()
  return url.href
}

/** The same settings with the certificates as text, as secrets come in an environment. */
function configWithText(): Config {
  const names = ['KAFKA_SSL_CA', 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY']
  const texts = names.map((name) => [name, readFileSync(settings[name] as string, 'utf8')])
  return loadConfig({ ...settings, ...Object.fromEntries(texts) })
}

function expectSilence({ stdout, stderr }: CliResult): void {
  const secrets = [servers.kafka.password, servers.postgres.password, ROLE_PASSWORD, WRONG]
  for (const secret of secrets.flatMap((each) => [each, encodeURIComponent(each)])) {
    expect(stdout + stderr).not.toContain(secret)
  }
}

test('payments go from Kafka to Postgres through TLS, by every command and client', async () => {
  const made = await Promise.all([runCli(['migrate'], settings), runCli(['topics'], settings)])
  const generated = await runCli(['generate', '--count', '500', '--framing', 'plain'], settings)
  for (const result of [...made, generated]) {
    expect(result.code, result.stderr).toBe(0)
    expectSilence(result)
  }
  const sent = Number(/([\d,]+) messages of 500 transactions/.exec(generated.stderr)?.[1])
  expect(sent).toBeGreaterThanOrEqual(500)

  const config = need(configWithText(), 'databaseUrl', 'kafkaBrokers')
  const pool = createPool(config, config.databaseUrl, { max: 1, name: 'test' })
  const stream = startCli(['stream'], settings)
  try {
    const count = async (sql: string) => Number((await pool.query(sql)).rows[0].count)
    const raw = 'select count(*) from raw_upi_transactions'
    expect(
      await eventually(
        () => count(raw),
        (rows) => rows >= sent,
      ),
    ).toBe(sent)
    expect(await count('select count(*) from clean_upi_transactions')).toBeGreaterThan(0)
    const encrypted = `select count(*) from pg_stat_activity join pg_stat_ssl using (pid)
      where application_name = 'upi-stream' and ssl`
    expect(await count(encrypted)).toBeGreaterThan(0)

    const client = await pool.connect()
    const log = createLogger({ process: 'test', level: 'error', pretty: false })
    const kafka = createKafka(config, 'upi-test', log)
    const place = { topic: config.topic, group: config.consumerGroup }
    const { lag } = await readStreamStatus(client, kafka, place).finally(() => client.release())
    expect(lag).toBe(0)
  } finally {
    stream.kill()
    await pool.end()
  }
  const streamed = await stream.ended
  expect(streamed.code, streamed.stderr).toBe(0)
  expectSilence(streamed)
})

test('the supervisor finds such servers ready', async () => {
  const config = need(configWithText(), 'databaseUrl', 'kafkaBrokers')
  await probePostgres(secureUrl(config, config.databaseUrl))
  await probeExternalKafka(kafkaAccess(config))
  expect(await readKafkaVersion(config, 5_000)).toMatch(/^Kafka 4\./)
})

describe('refused in one clear line, without a password, is', () => {
  const kafka = { args: ['topics'], code: 3, says: 'Kafka at 127.0.0.1:' }
  const postgres = { args: ['migrate', 'status'], code: 3, says: 'Postgres at localhost:' }
  const cases: Record<string, Case> = {
    'a Kafka that another authority has signed': {
      ...kafka,
      given: () => ({ KAFKA_SSL_CA: strangeCa }),
      why: 'unable to verify the first certificate',
    },
    'a Kafka whose certificate is for another name': {
      ...kafka,
      given: () => ({ KAFKA_BROKERS: `localhost:${servers.kafka.port}` }),
      says: 'Kafka at localhost:',
      why: 'does not match',
    },
    'a wrong password of Kafka': {
      ...kafka,
      given: () => ({ KAFKA_SASL_PASSWORD: WRONG }),
      why: 'authentication failed',
    },
    'a mechanism that Kafka does not know': {
      ...kafka,
      given: () => ({ KAFKA_SASL_MECHANISM: 'PLAIN' }),
      why: 'SASL mechanism',
    },
    'a client without a certificate, where Kafka wants one': {
      ...kafka,
      given: () => ({ KAFKA_SSL_CERT: '', KAFKA_SSL_KEY: '' }),
      why: /alert|Closed connection/,
    },
    'a client of Kafka in plaintext': {
      ...kafka,
      given: () => ({ KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' }),
      why: 'Closed connection',
    },
    'traffic with a wrong password': {
      ...kafka,
      args: ['generate', '--count', '5', '--framing', 'plain'],
      given: () => ({ KAFKA_SASL_PASSWORD: WRONG }),
      why: 'authentication failed',
    },
    'a stream with a wrong password of Kafka': {
      ...kafka,
      args: ['stream'],
      given: () => ({ KAFKA_SASL_PASSWORD: WRONG }),
      why: 'authentication failed',
    },
    'a stream whose Kafka another authority has signed': {
      ...kafka,
      args: ['stream'],
      given: () => ({ KAFKA_SSL_CA: strangeCa }),
      why: 'unable to verify the first certificate',
    },
    'a Postgres that another authority has signed': {
      ...postgres,
      given: () => ({ DATABASE_URL: verifiedBy(strangeCa) }),
      why: 'unable to verify the first certificate',
    },
    'a Postgres whose certificate is for another name': {
      ...postgres,
      given: () => ({ DATABASE_URL: urlOf({ host: '127.0.0.1' }) }),
      says: 'Postgres at 127.0.0.1:',
      why: 'does not match',
    },
    'a wrong password of Postgres': {
      ...postgres,
      given: () => ({ DATABASE_URL: urlOf({ password: WRONG }) }),
      why: 'password authentication failed',
    },
    'a client of Postgres in plaintext': {
      ...postgres,
      given: () => ({ DATABASE_URL: urlOf({ parameters: {} }) }),
      why: 'no encryption',
    },
    'a Postgres without TLS, where it is asked for': {
      ...postgres,
      given: () => ({ DATABASE_URL: `${inject('stack').databaseUrl}?sslmode=prefer` }),
      says: 'Postgres at ',
      why: 'does not support SSL',
    },
    'a stream with a wrong password of Postgres': {
      ...postgres,
      args: ['stream'],
      given: () => ({ INGEST_DATABASE_URL: urlOf({ user: 'upi_ingest', password: WRONG }) }),
      why: 'password authentication failed',
    },
    'a Postgres far away in plaintext': {
      ...postgres,
      given: () => ({ DATABASE_URL: urlOf({ host: ELSEWHERE, parameters: {} }) }),
      code: 2,
      says: `Postgres at ${ELSEWHERE}`,
      why: 'without TLS',
    },
    'a Kafka far away in plaintext': {
      ...kafka,
      given: () => ({
        KAFKA_BROKERS: `${ELSEWHERE}:9092`,
        KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
      }),
      code: 2,
      says: `Kafka at ${ELSEWHERE}`,
      why: 'without TLS',
    },
  }

  test.concurrent.for(Object.entries(cases))('%s', async ([, { args, given, code, says, why }]) => {
    const result = await runCli(args, { ...settings, ...given() })
    const lines = result.stderr.trimEnd().split('\n')
    // A standing process has its log there too.
    const words = lines.filter((line) => !line.startsWith('{'))
    expect(words).toHaveLength(1)
    expect(words[0]).toMatch(/^upi: .+; fix: /)
    expect(words[0]).toContain(says)
    expect(words[0]).toMatch(why)
    expect(result.code).toBe(code)
    expectSilence(result)
  })

  test('and the trace of --verbose holds none either', async () => {
    const wrong = { DATABASE_URL: urlOf({ password: WRONG }), KAFKA_SASL_PASSWORD: WRONG }
    const traces = await Promise.all(
      ['migrate', 'topics'].map((name) => runCli([name, '--verbose'], { ...settings, ...wrong })),
    )
    for (const trace of traces) {
      expect(trace.stderr).toContain('_REFUSED')
      expectSilence(trace)
    }
  })
})

interface Case {
  readonly args: readonly string[]
  readonly given: () => Settings
  readonly code: number
  readonly says: string
  readonly why: string | RegExp
}

function verifiedBy(sslrootcert: string): string {
  return urlOf({ parameters: { sslmode: 'verify-full', sslrootcert } })
}
