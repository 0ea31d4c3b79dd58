import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { POSTGRES, PROMETHEUS } from '../grafana/builder/query.ts'
import { CHECKOUT } from '../platform/config.ts'
import { SETTINGS } from '../platform/settings.ts'
import {
  GRAFANA_SETTINGS,
  PROMETHEUS_FLAGS,
  PROMETHEUS_SETTINGS,
  STACK_VERSIONS,
} from '../platform/stack/settings.ts'
import { isOurs, readComposeFile, waitsFor } from './compose-file.ts'
import { plainEnvironment } from './plain-environment.ts'
import { readText } from './repository.ts'

const FILE = readComposeFile()
const SERVICES = Object.entries(FILE.services)
const service = (name: string) => {
  const found = FILE.services[name]
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return found
}
const environment = (name: string) => service(name).environment ?? {}

test('versions, flags and settings are those of the local stack', () => {
  expect(service('prometheus').image).toBe(`prom/prometheus:v${STACK_VERSIONS.prometheus}`)
  expect(service('grafana').image).toBe(`grafana/grafana:${STACK_VERSIONS.grafana}`)
  expect(service('prometheus').command).toEqual(expect.arrayContaining([...PROMETHEUS_FLAGS]))
  expect(environment('prometheus')).toEqual(PROMETHEUS_SETTINGS)
  expect(environment('grafana')).toMatchObject(GRAFANA_SETTINGS)
})

test('whom alerts are told to is given to the job that writes it, and to nobody else', () => {
  const rows = Object.values(SETTINGS).map((row) => row.env as string)
  const names = rows.filter((name) => name.startsWith('UPI_ALERT_'))
  const given = Object.fromEntries(
    names.flatMap((name) => [
      [name, null],
      [`${name}_FILE`, null],
    ]),
  )
  expect(environment('alerting')).toEqual(given)
  const others = SERVICES.filter(([name]) => name !== 'alerting')
  expect(others.filter(([, each]) => JSON.stringify(each).includes('UPI_ALERT_'))).toEqual([])
})

test('Grafana reads rules and contacts from a volume that the job has filled', () => {
  expect(service('grafana').volumes).toContain('alerting:/etc/grafana/provisioning/alerting:ro')
  expect(service('alerting').volumes).toEqual([
    './grafana/provisioning/alerting:/rules:ro,z',
    'alerting:/alerting',
  ])
  expect([...waitsFor(FILE, 'grafana')]).toContain('alerting')
})

const sources = parse(readText('grafana/provisioning/datasources/upi.yaml')).datasources as {
  uid: string
  type: string
}[]

test('Prometheus scrapes services, ours at their own port', () => {
  const { scrape_configs: jobs } = parse(readText('grafana/prometheus/prometheus.yml'))
  const targets = jobs.flatMap((job: { static_configs: { targets: string[] }[] }) =>
    job.static_configs.flatMap((each) => each.targets),
  )
  for (const target of targets as string[]) {
    const [name = '', port] = target.split(':')
    if (isOurs(service(name))) expect(environment(name).UPI_METRICS_PORT).toBe(port)
  }
  expect(targets).toEqual(expect.arrayContaining(['stream:9464', 'worker:9464', 'temporal:8000']))
  expect(environment('temporal').PROMETHEUS_ENDPOINT).toBe('0.0.0.0:8000')
})

test('Grafana has the sources that dashboards ask, and reads as the reporting role', () => {
  expect(sources[0]).toMatchObject({ ...POSTGRES, user: 'upi_report' })
  expect(sources).toContainEqual(expect.objectContaining(PROMETHEUS))
})

test('the job copies the rules and writes who is told, for the group only, and anew each time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'upi-alerting-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const run = (contacts: Record<string, string>) => {
    const [script = '', rules = ''] = [
      'platform/compose/make-alerting.ts',
      'grafana/provisioning/alerting',
    ]
    const args = [script, rules].map((path) => join(CHECKOUT, path))
    const env = { ...plainEnvironment(), UPI_HOME: join(folder, 'none'), ...contacts }
    execFileSync(process.execPath, [...args, folder], { env })
    return readFileSync(join(folder, 'contact-points.yaml'), 'utf8')
  }
  expect(run({ UPI_ALERT_WEBHOOK_URL: 'https://hooks.test/a-secret' })).toContain('a-secret')
  expect(readdirSync(folder).sort()).toEqual(['contact-points.yaml', 'rules.yaml'])
  const modes = ['', 'contact-points.yaml'].map((name) => statSync(join(folder, name)).mode & 0o777)
  expect(modes).toEqual([0o750, 0o440])
  expect(run({})).not.toContain('a-secret')
  const rules = readText('grafana/provisioning/alerting/rules.yaml')
  expect(readFileSync(join(folder, 'rules.yaml'), 'utf8')).toBe(rules)
})

test('no annotation of a rule has what Grafana would take for a variable of its environment', () => {
  const { groups } = parse(readText('grafana/provisioning/alerting/rules.yaml')) as {
    groups: { rules: { annotations: Record<string, string> }[] }[]
  }
  const texts = groups.flatMap(({ rules }) =>
    rules.flatMap(({ annotations }) => Object.values(annotations)),
  )
  expect(texts.length).toBeGreaterThan(0)
  expect(texts.filter((text) => text.includes('$'))).toEqual([])
})
