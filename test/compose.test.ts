import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { partNames } from '../cli/stack.ts'
import { CHECKOUT, loadConfig } from '../platform/config.ts'
import { SETTINGS } from '../platform/settings.ts'
import {
  KAFKA_BROKER_SETTINGS,
  KAFKA_JAVA_OPTIONS,
  postgresSettings,
  REGISTRY_API_PATH,
  REGISTRY_JAVA_OPTIONS,
  REGISTRY_SETTINGS,
  STACK_VERSIONS,
  TEMPORAL_DYNAMIC_CONFIG,
  TEMPORAL_NAMESPACE,
  TEMPORAL_SEARCH_ATTRIBUTES,
} from '../platform/stack/settings.ts'
import { isJob, isOurs, memoryMebibytes, readComposeFile, waitsFor } from './compose-file.ts'
import { makeSecrets, secretsRead } from './compose-secrets.ts'
import { readText } from './repository.ts'

const FILE = readComposeFile()
const SERVICES = Object.entries(FILE.services)
const LASTING = SERVICES.filter(([, service]) => !isJob(service))
const JOBS = SERVICES.filter(([, service]) => isJob(service))
const MEMORY_MEBIBYTES_MAX = 4096
const GIB = 1024 ** 3

const service = (name: string) => {
  const found = FILE.services[name]
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return found
}
const environment = (name: string) => service(name).environment ?? {}

test('docker-compose.yml is valid by the Compose Specification', () => {
  const schema = JSON.parse(readText('test/schemas/compose-spec.json'))
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
  expect(validate(FILE) ? [] : validate.errors).toEqual([])
})

describe('services', () => {
  test('every part of the local stack is one, and so are the servers to look at', () => {
    const names = [...partNames(loadConfig({})), 'temporal-ui', 'kafka-ui']
    expect(Object.keys(FILE.services)).toEqual(expect.arrayContaining(names))
  })

  test('images are pinned; ours is built by one service and never pulled', () => {
    const foreign = SERVICES.filter(([, each]) => !isOurs(each))
    const loose = foreign.filter(([, { image }]) => !/:v?\d+\.\d+(\.\d+)?(-\w+)?$/.test(image))
    expect(loose).toEqual([])
    const ours = SERVICES.filter(([, each]) => isOurs(each))
    expect(ours.filter(([, each]) => each.build).map(([name]) => name)).toEqual(['secrets'])
    expect(new Set(ours.map(([, each]) => each.pull_policy))).toEqual(new Set(['build', 'never']))
    const strays = ours.filter(
      ([name]) => name !== 'secrets' && !waitsFor(FILE, name).has('secrets'),
    )
    expect(strays).toEqual([])
  })

  test('what lasts is restarted, watched and stopped with patience; a job runs once', () => {
    for (const [name, each] of LASTING) {
      expect(each, name).toMatchObject({ restart: 'unless-stopped', healthcheck: {} })
    }
    expect(JOBS.filter(([, each]) => each.healthcheck)).toEqual([])
    for (const name of ['postgres', 'kafka', 'stream', 'worker']) {
      expect(Number.parseInt(service(name).stop_grace_period ?? '', 10)).toBeGreaterThanOrEqual(30)
    }
  })

  test('none has more rights, or may write more logs, than it needs', () => {
    for (const [name, each] of SERVICES) {
      expect(each.cap_drop, name).toEqual(['ALL'])
      expect(each.security_opt, name).toEqual(['no-new-privileges:true'])
      expect(each.logging.options, name).toEqual({ 'max-size': '10m', 'max-file': '3' })
      expect(each, name).not.toHaveProperty('container_name')
    }
  })

  test('ports are on loopback, those of Postgres and Kafka in profile dev only', () => {
    const published = SERVICES.flatMap(([name, each]) =>
      (each.ports ?? []).map((port) => [name, port]),
    )
    expect(
      published.filter(
        ([, port]) => !/^127\.0\.0\.1:\$\{UPI_\w+_PORT:-290\d\d\}:\d+$/.test(port ?? ''),
      ),
    ).toEqual([])
    expect(service('dev-ports').profiles).toEqual(['dev'])
    expect([service('postgres').ports, service('kafka').ports]).toEqual([undefined, undefined])
  })

  test('memory stays within 4 GiB, also while the jobs run', () => {
    const sum = (services: typeof SERVICES) =>
      services.reduce((total, [, each]) => total + memoryMebibytes(each), 0)
    expect(sum(LASTING)).toBeLessThanOrEqual(MEMORY_MEBIBYTES_MAX)
    // The processes begin when all jobs are done.
    const processes = LASTING.filter(([name]) => ['stream', 'worker', 'traffic'].includes(name))
    expect(sum(LASTING) - sum(processes) + sum(JOBS)).toBeLessThanOrEqual(MEMORY_MEBIBYTES_MAX)
  })
})

test('what the file mounts is in the repository', () => {
  const mounted = SERVICES.flatMap(([, each]) => each.volumes ?? []).filter((volume) =>
    volume.startsWith('./'),
  )
  const paths = mounted.map((volume) => volume.split(':')[0] ?? '')
  expect(paths.filter((path) => !existsSync(join(CHECKOUT, path)))).toEqual([])
})

describe('order', () => {
  test('a job is waited for until it is done, a server until it is healthy, and nobody in a circle', () => {
    for (const [name, each] of SERVICES) {
      for (const [other, { condition }] of Object.entries(each.depends_on ?? {})) {
        const wanted = isJob(service(other)) ? 'service_completed_successfully' : 'service_healthy'
        expect(condition, `${name} waits for ${other}`).toBe(wanted)
      }
      expect(() => waitsFor(FILE, name)).not.toThrow()
    }
  })

  test('whoever is told the address of a server waits for it', () => {
    // Prometheus asks again; the processes know addresses that only some of them use.
    const patient = SERVICES.filter(([name, each]) => name !== 'prometheus' && !isOurs(each))
    for (const [name, each] of patient) {
      const text = JSON.stringify([each.command, each.environment])
      for (const [, host = ''] of text.matchAll(/\b(postgres|kafka|registry|temporal):(?=\d)/g)) {
        expect([name, ...waitsFor(FILE, name)], name).toContain(host)
      }
    }
    expect([...waitsFor(FILE, 'stream')]).toEqual(
      expect.arrayContaining(['migrate', 'topics', 'schema', 'postgres', 'kafka', 'registry']),
    )
    expect([...waitsFor(FILE, 'worker')]).toEqual(
      expect.arrayContaining(['migrate', 'schedules', 'postgres', 'temporal']),
    )
  })
})

describe('secrets', () => {
  test('none is written in the file', () => {
    const entries = SERVICES.flatMap(([, each]) => Object.entries(each.environment ?? {}))
    const names = /PASS|PWD|SECRET|TOKEN|DATABASE_URL|PII_KEY/
    const open = entries.filter(
      ([name, value]) => names.test(name) && value !== null && !/^\/run\/secrets\/\w+$/.test(value),
    )
    expect(open).toEqual([])
    expect(readText('docker-compose.yml')).not.toMatch(/:\/\/\w+:[^@\s]+@/)
  })

  test('each file that a service reads is made for it', () => {
    const { folder } = makeSecrets(FILE)
    for (const [name, each] of SERVICES) {
      const { consumer, files } = secretsRead(each)
      if (files.length === 0) continue
      expect(readdirSync(join(folder, consumer)), name).toEqual(expect.arrayContaining(files))
    }
  })

  test('they are random, readable by the group only, and kept when made again', () => {
    const { folder, run } = makeSecrets(FILE)
    const read = () =>
      readFileSync(join(folder, 'admin/upi'), 'utf8') +
      readFileSync(join(folder, 'stream/pii_key'), 'utf8')
    const before = read()
    run()
    expect(read()).toBe(before)
    expect(before).toMatch(/^[0-9a-f]{64}docker:[0-9a-f]{64}$/)
    expect(statSync(join(folder, 'stream/ingest_url')).mode & 0o777).toBe(0o440)
    const other = makeSecrets(FILE)
    expect(readFileSync(join(other.folder, 'admin/upi'), 'utf8')).not.toBe(before.slice(0, 64))
  })
})

describe('settings are those of the local stack', () => {
  test('versions, and the Node of the image', () => {
    const { postgres, kafka, registry } = STACK_VERSIONS
    expect(service('postgres').image).toBe(`postgres:${postgres}-bookworm`)
    expect(service('databases').image).toBe(service('postgres').image)
    expect(service('kafka').image).toBe(`apache/kafka:${kafka}`)
    expect(service('registry').image).toBe(`apicurio/apicurio-registry:${registry}`)
    const temporal = service('temporal').image.replace('server', 'admin-tools')
    expect(service('temporal-schema').image).toBe(temporal)
    expect(service('temporal-namespace').image).toBe(temporal)
    const { node } = JSON.parse(readText('package.json')).dependencies
    expect(readText('Dockerfile')).toContain(`ARG BASE=node:${node}-bookworm-slim\n`)
  })

  test('Postgres, as on a machine of 4 GB with 2 processors and 20 GB of free disk', () => {
    const machine = { memoryBytes: 4 * GIB, cpus: 2, diskFreeBytes: 20 * GIB }
    const flags = Object.entries(postgresSettings(machine)).map(
      ([name, value]) => `--${name}=${value}`,
    )
    expect(service('postgres').command).toEqual(['postgres', ...flags])
  })

  test('Kafka', () => {
    const variable = (name: string) => `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`
    const settings = Object.entries(KAFKA_BROKER_SETTINGS).map(([name, value]) => [
      variable(name),
      value,
    ])
    expect(environment('kafka')).toMatchObject(Object.fromEntries(settings))
    const { KAFKA_HEAP_OPTS, KAFKA_JVM_PERFORMANCE_OPTS } = environment('kafka')
    expect(`${KAFKA_HEAP_OPTS} ${KAFKA_JVM_PERFORMANCE_OPTS}`.split(' ')).toEqual(
      KAFKA_JAVA_OPTIONS,
    )
  })

  test('the registry', () => {
    const variable = (name: string) => name.toUpperCase().replaceAll(/[.-]/g, '_')
    const settings = Object.entries(REGISTRY_SETTINGS).map(([name, value]) => [
      variable(name),
      value,
    ])
    expect(environment('registry')).toMatchObject(Object.fromEntries(settings))
    const options = REGISTRY_JAVA_OPTIONS.filter((option) => option !== '-XX:+UseSerialGC')
    expect(environment('registry').JAVA_TOOL_OPTIONS).toBe(options.join(' '))
    const url = `http://registry:8080${REGISTRY_API_PATH}`
    expect(environment('stream').SCHEMA_REGISTRY_URL).toBe(url)
    expect(environment('kafka-ui').KAFKA_CLUSTERS_0_SCHEMAREGISTRY).toBe(url)
  })

  test('Temporal', () => {
    const dynamic = parse(readText('platform/compose/temporal-dynamic-config.yaml'))
    const rates = Object.entries(TEMPORAL_DYNAMIC_CONFIG).map(([name, value]) => [
      name,
      [{ value: Number(value) }],
    ])
    expect(dynamic).toEqual(Object.fromEntries(rates))
    const attributes = Object.entries(TEMPORAL_SEARCH_ATTRIBUTES).map(
      ([name, type]) => `${name}=${type}`,
    )
    expect(service('temporal-namespace').command).toEqual([TEMPORAL_NAMESPACE, ...attributes])
    expect(environment('worker').TEMPORAL_NAMESPACE).toBe(TEMPORAL_NAMESPACE)
  })

  test('our containers are given settings that exist, and every rule that people may set', () => {
    const known = new Map(
      Object.values(SETTINGS).map((row) => [row.env as string, row.group as string]),
    )
    const given = SERVICES.filter(([, each]) => isOurs(each)).flatMap(([name]) =>
      Object.keys(environment(name)),
    )
    // The library of OpenTelemetry reads this one itself.
    known.set('OTEL_EXPORTER_OTLP_HEADERS', 'Traces')
    expect(given.filter((name) => !known.has(name.replace(/_FILE$/, '')))).toEqual([])
    const notTheirs = ['UPI_PII_KEY', 'OPENLINEAGE_FILE']
    const rules = [...known].filter(
      ([name, group]) =>
        ['Rules', 'Traces', 'Lineage'].includes(group) && !notTheirs.includes(name),
    )
    for (const name of ['stream', 'worker']) {
      expect(Object.keys(environment(name)), name).toEqual(
        expect.arrayContaining(rules.map(([each]) => each)),
      )
    }
    // A receiver of traces has a name in somebody's network.
    expect(environment('worker').UPI_PLAINTEXT_HOSTS).toContain('${UPI_PLAINTEXT_HOSTS:+,')
  })
})
