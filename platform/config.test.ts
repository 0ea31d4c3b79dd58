import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { faultOf } from '../test/fixtures/settings.ts'
import { actorOf, type Config, loadConfig, need } from './config.ts'
import { prepareHome } from './local-stack.ts'

const BASE = 28_000
const LOCAL = `127.0.0.1:${BASE}`

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'upi-config-'))
})

afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

function load(env: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({ UPI_HOME: home, ...env })
}

function faultsOf(env: Readonly<Record<string, string>>): string {
  const fault = faultOf(() => load(env))
  expect(fault.code).toBe('CONFIG_INVALID')
  return fault.message
}

function write(name: string, text: string): string {
  const path = join(home, name)
  writeFileSync(path, text)
  return path
}

describe('where the environment is silent', () => {
  test('the local stack gives addresses and secrets', () => {
    const secrets = prepareHome(home, BASE)
    const config = load()
    expect(config).toMatchObject({
      home,
      portBase: BASE,
      databaseUrl: `postgres://upi:${secrets.postgres}@${LOCAL}/upi`,
      ingestDatabaseUrl: `postgres://upi_ingest:${secrets.upi_ingest}@${LOCAL}/upi`,
      transformDatabaseUrl: `postgres://upi_transform:${secrets.upi_transform}@${LOCAL}/upi`,
      apiDatabaseUrl: `postgres://upi_api:${secrets.upi_api}@${LOCAL}/upi`,
      reportDatabaseUrl: `postgres://upi_report:${secrets.upi_report}@${LOCAL}/upi`,
      backupDatabaseUrl: `postgres://upi_backup:${secrets.upi_backup}@${LOCAL}/upi`,
      backupDir: join(home, 'backups'),
      kafkaBrokers: ['127.0.0.1:28001'],
      schemaRegistryUrl: 'http://127.0.0.1:28003/apis/ccompat/v7',
      temporalAddress: '127.0.0.1:28004',
      temporalUiUrl: 'http://127.0.0.1:28005',
      apiUrl: 'http://127.0.0.1:28006',
      lakeDir: join(home, 'lake'),
    })
    const key = Buffer.from(secrets.pii_key.replace('local:', ''), 'hex')
    expect(config.piiKey).toEqual({ id: 'local', secret: key })
  })

  test('the defaults hold', () => {
    expect(load()).toMatchObject({
      topic: 'upi_transactions',
      topicPartitions: 3,
      kafkaSecurityProtocol: 'PLAINTEXT',
      kafkaSaslMechanism: 'SCRAM-SHA-512',
      temporalTls: false,
      amountLimit: '1000000.00',
      txnIdProfile: 'lenient',
      cacheDir: join(homedir(), '.cache/upi'),
      plaintextHosts: [],
    })
  })

  test('what nobody gives is absent, and asked for by its variables', () => {
    const config = load()
    expect(config.databaseUrl).toBeUndefined()
    expect(config.metricsPort).toBeUndefined()
    const fault = faultOf(() => need(config, 'topic', 'databaseUrl', 'kafkaBrokers', 'piiKey'))
    expect(fault.message).toBe(
      `DATABASE_URL, UPI_PII_KEY not set, and no local stack in ${config.home} has them`,
    )
    expect(fault.fix).toBe('run ./upi up, or set the variables')
    expect(need(config, 'topic')).toBe(config)
  })
})

describe('a variable', () => {
  test('goes before the local stack, and an empty one counts as not set', () => {
    prepareHome(home, BASE)
    const config = load({ KAFKA_BROKERS: 'a.example:9092, [::1]:9093', UPI_TOPIC: '' })
    expect(config.kafkaBrokers).toEqual(['a.example:9092', '[::1]:9093'])
    expect(config.topic).toBe('upi_transactions')
  })

  test('may stand in a file, whose last line break is none of it', () => {
    const path = write('password', 'from the file\n')
    expect(load({ KAFKA_SASL_PASSWORD_FILE: path }).kafkaSaslPassword).toBe('from the file')
    const both = { KAFKA_SASL_PASSWORD_FILE: path, KAFKA_SASL_PASSWORD: 'from the variable' }
    expect(load(both).kafkaSaslPassword).toBe('from the variable')
  })

  test('moves all local addresses, if it is the port base', () => {
    prepareHome(home, BASE)
    const config = load({ UPI_PORT_BASE: '27000' })
    expect(config.kafkaBrokers).toEqual(['127.0.0.1:27001'])
    expect(config.databaseUrl).toContain('@127.0.0.1:27000/upi')
  })

  test('is read once: the settings are frozen', () => {
    expect(Object.isFrozen(load())).toBe(true)
  })

  test('names who acts; unset it is the user of the system', () => {
    expect(actorOf(load({ UPI_ACTOR: 'asha' }))).toBe('asha')
    expect(actorOf(load())).not.toBe('')
  })
})

describe('the role URLs', () => {
  const ROLES = [
    'ingestDatabaseUrl',
    'transformDatabaseUrl',
    'apiDatabaseUrl',
    'reportDatabaseUrl',
    'backupDatabaseUrl',
  ] as const

  test.each(['127.0.0.1', 'localhost'])('follow to another database of %s', (host) => {
    const secrets = prepareHome(home, BASE)
    const DATABASE_URL = `postgres://me:mine@${host}:${BASE}/other`
    const config = load({ DATABASE_URL })
    expect(config.databaseUrl).toBe(DATABASE_URL)
    const ingest = `postgres://upi_ingest:${secrets.upi_ingest}@${LOCAL}/other`
    expect(config.ingestDatabaseUrl).toBe(ingest)
    for (const role of ROLES) expect(config[role]).toMatch(/\/other$/)
  })

  test.each([
    ['of another host', `postgres://me:mine@db.example:${BASE}/upi`],
    ['of another port', 'postgres://me:mine@127.0.0.1:5432/upi'],
  ])('are nobody’s on a server %s, unless they are given', (_, url) => {
    prepareHome(home, BASE)
    const byFile = { DATABASE_URL_FILE: write('url', `${url}\n`) }
    for (const env of [{ DATABASE_URL: url }, byFile]) {
      const config = load({ ...env, API_DATABASE_URL: 'postgres://upi_api:x@db.example/upi' })
      expect(config.databaseUrl).toBe(url)
      expect(config.apiDatabaseUrl).toBe('postgres://upi_api:x@db.example/upi')
      const others = ROLES.filter((role) => role !== 'apiDatabaseUrl')
      expect(others.map((role) => config[role])).toEqual(others.map(() => undefined))
    }
  })
})

describe('faults', () => {
  test('are reported all at once, each with its variable and value', () => {
    const missing = join(home, 'missing')
    const message = faultsOf({
      UPI_TOPIC_PARTITIONS: 'three',
      KAFKA_SECURITY_PROTOCOL: 'TLS',
      UPI_PORT_BASE: '80',
      KAFKA_SASL_PASSWORD_FILE: missing,
    })
    expect(message.split('; ')).toEqual([
      `UPI_PORT_BASE '80' is not a whole number from 1024 to 65000`,
      `KAFKA_SECURITY_PROTOCOL 'TLS' is not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL`,
      expect.stringContaining(`KAFKA_SASL_PASSWORD_FILE ${missing} cannot be read`),
      `UPI_TOPIC_PARTITIONS 'three' is not a whole number from 1 to 1000`,
    ])
  })

  test.each([
    ['KAFKA_BROKERS', 'localhost', 'is not host:port'],
    ['KAFKA_BROKERS', 'SASL_SSL://localhost:9092', 'is not host:port'],
    ['KAFKA_BROKERS', ',', 'is not host:port'],
    ['SCHEMA_REGISTRY_URL', 'localhost', 'is not a URL'],
    ['TEMPORAL_TLS', 'yes', 'is neither true nor false'],
    ['UPI_AMOUNT_LIMIT', '1e6', 'is not an amount'],
    ['UPI_AMOUNT_LIMIT', '1000000000000', 'is more than 999999999999.99'],
    ['UPI_METRICS_PORT', '0', 'is not a whole number from 1 to 65535'],
    ['UPI_RETENTION_DAYS', '1.5', 'is not a whole number'],
  ])('%s does not take %s', (variable, value, says) => {
    expect(faultsOf({ [variable]: value })).toContain(`${variable} '${value}' ${says}`)
  })

  test.each(['DATABASE_URL', 'INGEST_DATABASE_URL'])('%s must be a URL of Postgres', (name) => {
    for (const url of ['hunter2@db/upi', 'mysql://me:hunter2@db/upi', 'postgres://me:hunter2@:x']) {
      const message = faultsOf({ [name]: url })
      expect(message).toBe(`${name} is not of the form postgres://user:password@host:port/name`)
    }
  })

  test('show no secret', () => {
    const message = faultsOf({
      UPI_PII_KEY: 'hunter2',
      DATABASE_URL: 'hunter2',
      SCHEMA_REGISTRY_URL: '//me:hunter2@registry.example',
    })
    expect(message).toContain(`UPI_PII_KEY is not <key id>:<64 hex digits>`)
    expect(message).toContain(`SCHEMA_REGISTRY_URL '…@registry.example' is not a URL`)
    expect(message).not.toContain('hunter2')
  })

  test('of a secret’s file are its name only', () => {
    const path = write('empty', '\n')
    expect(faultsOf({ UPI_PII_KEY_FILE: path })).toBe(`UPI_PII_KEY_FILE ${path} is empty`)
  })

  test('of the local stack’s own files are among them', () => {
    const path = write('secrets.json', 'half')
    const faults = faultsOf({ UPI_TOPIC_PARTITIONS: '0' }).split('; ')
    expect(faults).toHaveLength(2)
    expect(faults).toContainEqual(expect.stringContaining(`${path} is not JSON (restore it`))
  })
})
