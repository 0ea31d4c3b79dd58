import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { absenceFile } from '../platform/stack/fetch/absence.ts'
import { GRAFANA_PART } from '../platform/stack/fetch/grafana.ts'
import { PROMETHEUS_PART } from '../platform/stack/fetch/prometheus.ts'
import {
  doctorFindings,
  type StackOptions,
  stackAddresses,
  startStack,
  stopStack,
  type Watchers,
  waitReady,
  wipe,
} from '../platform/stack/index.ts'
import { GRAFANA_SETTINGS } from '../platform/stack/settings.ts'
import { eventually } from './eventually.ts'
import { type GrafanaStart, placeGrafana } from './fake-grafana.ts'
import { componentOf, killNow, ownStackOptions, removeOwnStack, takenPorts } from './own-stack.ts'
import { readText } from './repository.ts'

/*
 * Prometheus and Grafana as parts of a stack. Prometheus is the real one (up.test.ts sees it scrape); no registry has
 * Grafana, so that a small program stands in its place: what Grafana makes of its files is not seen here.
 */
const WATCHERS: Watchers = {
  names: ['grafana'],
  grafanaPassword: 'for a test',
  grafanaKey: 'a key',
  reportUrl: 'postgres://upi_report:pa%24%24word@db.test:6432/pay?sslmode=verify-full',
  contacts: { webhookUrl: 'https://hooks.test/a-secret' },
}
const NODE_ONLY = dirname(process.execPath)

let options: StackOptions
let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'upi-watchers-'))
  options = await ownStackOptions({ servers: [], cacheDir: join(folder, 'cache') })
})
afterEach(async () => {
  await removeOwnStack(options)
  rmSync(folder, { recursive: true })
})

test('Grafana of PATH is given its files and settings, restarted when killed, stopped and wiped', async () => {
  const { portBase, home } = choose({ path: placeGrafana(join(folder, 'g'), '12.3.4') })
  await startStack(options)
  await waitReady(home)
  const ready = await isReady('grafana')
  expect(ready).toMatchObject({ version: '12.3.4', address: `http://127.0.0.1:${portBase + 7}` })
  const { args, env } = readJson<GrafanaStart>('grafana/started.json')
  expect(args).toEqual([
    'server',
    `--homepath=${join(folder, 'g')}`,
    `--config=${join(home, 'grafana', 'grafana.ini')}`,
  ])
  expect(env).toMatchObject({
    ...GRAFANA_SETTINGS,
    GF_SECURITY_ADMIN_PASSWORD: 'for a test',
    GF_SERVER_HTTP_ADDR: '127.0.0.1',
    GF_PATHS_DATA: join(home, 'grafana', 'data'),
    GF_PATHS_PROVISIONING: join(home, 'grafana', 'provisioning'),
    GF_SMTP_HOST: 'mail.test:25',
  })
  expect(JSON.stringify([args, env])).not.toContain('a-secret')
  killNow(ready)
  await eventually(
    () => componentOf(options, 'grafana'),
    (each) => each?.state === 'ready' && each.restarts === 1,
  )
  await stopStack(home)
  expect(await takenPorts(options)).toEqual([])
  await wipe(home)
  expect(existsSync(join(home, 'grafana'))).toBe(false)
})

test('its provisioning is that of the repository, with the places of this machine', async () => {
  const { portBase, home } = choose({ path: placeGrafana(join(folder, 'g'), '11.0.0') })
  await startStack(options)
  await isReady('grafana')
  const read = (name: string) =>
    readFileSync(join(home, 'grafana/provisioning', `${name}.yaml`), 'utf8')
  const source = parse(readText('grafana/provisioning/datasources/upi.yaml'))
  const [upi, prometheus] = source.datasources
  expect(parse(read('datasources/upi'))).toEqual({
    ...source,
    datasources: [
      {
        ...upi,
        url: 'db.test:6432',
        jsonData: { ...upi.jsonData, database: 'pay', sslmode: 'verify-full' },
        // Grafana reads $$ as $.
        secureJsonData: { password: 'pa$$$$word' },
      },
      { ...prometheus, url: `http://127.0.0.1:${portBase + 8}` },
    ],
  })
  const [provider] = parse(read('dashboards/upi')).providers
  expect(provider.options.path).toBe(join(options.checkout, 'grafana/dashboards'))
  expect(read('alerting/rules')).toBe(readText('grafana/provisioning/alerting/rules.yaml'))
  const [point] = parse(read('alerting/contact-points')).contactPoints
  expect(point.receivers).toMatchObject([{ settings: { url: 'https://hooks.test/a-secret' } }])
  for (const name of ['datasources/upi', 'alerting/contact-points']) {
    const { mode } = statSync(join(home, 'grafana/provisioning', `${name}.yaml`))
    expect(mode & 0o777, name).toBe(0o600)
  }
})

test('where neither can be had, one line says so and the rest is ready at once', async () => {
  const { cacheDir, home } = choose({ names: ['prometheus', 'grafana'], path: NODE_ONLY })
  for (const { key } of [PROMETHEUS_PART, GRAFANA_PART]) {
    const file = absenceFile(cacheDir, key)
    mkdirSync(dirname(file), { recursive: true })
    const at = new Date().toISOString()
    writeFileSync(file, JSON.stringify({ at, message: `${key} cannot be had: host ENOTFOUND` }))
  }
  await startStack(options)
  expect(await waitReady(home)).toMatchObject({ ready: true, phase: 'ready' })
  for (const part of [PROMETHEUS_PART, GRAFANA_PART]) {
    const [name = ''] = part.key.split('-')
    const { detail } = await eventually(
      () => componentOf(options, name),
      (each) => each?.state === 'absent',
    ).then((each) => each ?? { detail: '' })
    expect(detail).toContain(`${part.key} cannot be had: host ENOTFOUND`)
    expect(detail?.endsWith(part.fix)).toBe(true)
  }
  const findings = await doctorFindings(options)
  const found = findings.filter(({ name }) => ['prometheus', 'grafana'].includes(name))
  expect(found).toMatchObject([
    { ok: true, text: expect.stringContaining('ENOTFOUND'), fix: expect.any(String) },
    { ok: true, text: expect.stringContaining('ENOTFOUND'), fix: expect.any(String) },
  ])
})

test.each([
  ['9.5.2', 'is too old: as if there were none'],
  ['no version at all', 'does not say what it is'],
])('a Grafana %s %s', async (version) => {
  choose({ path: `${placeGrafana(join(folder, 'g'), version)}:${NODE_ONLY}` })
  const [finding] = (await doctorFindings(options)).filter(({ name }) => name === 'grafana')
  expect(finding?.text).toBe('will be downloaded; without it the rest runs')
})

test('a taken port costs Grafana, not the platform', async () => {
  const { home } = choose({ path: placeGrafana(join(folder, 'g'), '12.3.4') })
  const other = createServer()
  const { grafana } = stackAddresses(options.portBase)
  await new Promise<void>((listening) => other.listen(grafana.port, grafana.host, listening))
  try {
    await startStack(options)
    await waitReady(home)
    const absent = await eventually(
      () => componentOf(options, 'grafana'),
      (each) => each?.state === 'absent',
    )
    expect(absent?.detail).toContain(`port ${grafana.port} (`)
  } finally {
    other.close()
  }
})

test('a Grafana elsewhere is only asked, and not waited for', async () => {
  const elsewhere = { grafana: { url: 'http://127.0.0.1:9' } }
  choose({ names: ['grafana'], path: NODE_ONLY })
  options = { ...options, external: elsewhere }
  await startStack(options)
  expect(await waitReady(options.home)).toMatchObject({ ready: true })
  expect(componentOf(options, 'grafana')).toMatchObject({
    external: true,
    optional: true,
    address: 'http://127.0.0.1:9',
  })
})

test('Prometheus keeps what it knows over a restart, below the home folder', async () => {
  choose({ names: ['prometheus'], path: options.env.PATH ?? '' })
  await startStack(options)
  killNow(await isReady('prometheus'))
  const again = await eventually(
    () => componentOf(options, 'prometheus'),
    (each) => each?.state === 'ready' && each.restarts === 1,
  )
  expect(again?.version).toMatch(/^\d+\.\d+\.\d+$/)
  const config = parse(readFileSync(join(options.home, 'prometheus/prometheus.yml'), 'utf8'))
  const targets = config.scrape_configs.flatMap(
    (job: { job_name: string; static_configs: { targets: string[] }[] }) =>
      job.static_configs.map((each) => [job.job_name, ...each.targets]),
  )
  const at = (slot: number) => `127.0.0.1:${options.portBase + slot}`
  expect(targets).toEqual([
    ['stream', at(10)],
    ['worker', at(11)],
    ['temporal', at(16)],
    ['prometheus', at(8)],
  ])
  expect(statSync(join(options.home, 'prometheus/data')).isDirectory()).toBe(true)
})

/** Sets what the stack of this test will find and run. */
function choose({ names = WATCHERS.names, path }: { names?: Watchers['names']; path: string }) {
  const env = { ...options.env, PATH: path, GF_SMTP_HOST: 'mail.test:25' }
  options = { ...options, env, watchers: { ...WATCHERS, names } }
  return options
}

async function isReady(name: string) {
  return eventually(
    () => componentOf(options, name),
    (each) => each?.state === 'ready',
  )
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(options.home, name), 'utf8')) as T
}
