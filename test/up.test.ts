import { execFileSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addDays, businessDateOf } from '../core/time.ts'
import { loadConfig, need } from '../platform/config.ts'
import {
  addressText,
  readState,
  type StackOptions,
  stackAddresses,
} from '../platform/stack/index.ts'
import { connectClient } from '../platform/temporal.ts'
import { type CliRun, eventually, runCli, startCli } from './harness.ts'
import { killNow, ownStackOptions, processesOf, removeOwnStack, takenPorts } from './own-stack.ts'

/*
 * What the README promises, on a platform of its own: one life from the first `./upi up` to the last `./upi down`, which
 * the tests follow in their order.
 */
const SERVERS = ['postgres', 'kafka', 'registry', 'temporal', 'prometheus']
const STEPS = ['migrate', 'topics', 'schema', 'schedules']
const PROCESSES = ['stream', 'worker', 'traffic']
const PSS_BYTES_MAX = 1.4 * 1024 ** 3
const START_MS_MAX = 180_000
const COUNT = 20_000
const DAY = addDays(businessDateOf(Date.now() * 1000), -3)

let stack: StackOptions
let env: Record<string, string>
let database: pg.Pool

beforeAll(async () => {
  stack = await ownStackOptions()
  const { home, cacheDir, portBase } = stack
  env = { UPI_HOME: home, UPI_CACHE_DIR: cacheDir, UPI_PORT_BASE: String(portBase) }
})
afterAll(async () => {
  await database?.end()
  await removeOwnStack(stack)
})

test('up --detach returns when payments are in clean', { timeout: START_MS_MAX }, async () => {
  const { code, stdout, stderr } = await runCli(['up', '--detach'], env)
  expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  for (const name of [...SERVERS, ...PROCESSES]) {
    expect(stderr).toMatch(new RegExp(`^${name} +ready \\S`, 'm'))
  }
  for (const name of STEPS) expect(stderr).toMatch(new RegExp(`^${name} +done`, 'm'))
  expect(stdout).toMatch(/^first transaction in clean after [\d.]+ s$/m)
})

test('status knows each part, and how little memory all of it takes', async () => {
  const { code, stdout } = await runCli(['status', '--json'], env)
  const status = JSON.parse(stdout)
  expect([code, status.ready]).toEqual([0, true])
  expect(names(status.components)).toEqual([...SERVERS, ...STEPS, ...PROCESSES, 'grafana'].sort())
  // Grafana is there where it can be had.
  const needed = status.components.filter(({ name }: { name: string }) => name !== 'grafana')
  for (const component of needed) {
    const isStep = STEPS.includes(component.name)
    expect(component).toMatchObject({
      state: isStep ? 'done' : 'ready',
      version: expect.stringMatching(/^\d+\.\d+/),
      pid: isStep ? null : expect.any(Number),
      address: isStep ? '' : expect.stringContaining(':'),
      rss_bytes: isStep ? null : expect.any(Number),
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
  }
  expect(status.supervisor).toMatchObject({
    pid: expect.any(Number),
    pss_bytes: expect.any(Number),
  })
  expect(status.stream.lag).toBeGreaterThanOrEqual(0)
  const sizes: number[] = [...status.components, status.supervisor].map(
    (each) => each.pss_bytes ?? 0,
  )
  expect(sizes.reduce((sum, bytes) => sum + bytes)).toBeLessThan(PSS_BYTES_MAX)
})

test('Prometheus scrapes the processes and has the rules', async () => {
  const { prometheus } = stackAddresses(stack.portBase)
  const ask = async (path: string) => {
    const response = await fetch(`http://${addressText(prometheus)}/api/v1/${path}`)
    return ((await response.json()) as { data: Told }).data
  }
  const healthOf = async () => {
    const { activeTargets } = await ask('targets')
    return Object.fromEntries(
      activeTargets.map((each) => [each.labels.job, `${each.health} ${each.lastError}`]),
    )
  }
  const up = { stream: 'up ', worker: 'up ', temporal: 'up ', prometheus: 'up ' }
  const all = (found: object) => isDeepStrictEqual(found, up)
  // It looks every 15 s.
  expect(await eventually(healthOf, all, 40_000)).toEqual(up)
  const { groups } = await ask('rules')
  const rules = groups.flatMap((group) => group.rules)
  expect(names(rules)).toEqual(expect.arrayContaining(['StreamDown', 'StreamLag']))
})

interface Told {
  readonly activeTargets: readonly { labels: { job: string }; health: string; lastError: string }[]
  readonly groups: readonly { rules: { name: string }[] }[]
}

test('doctor has nothing to mend of what runs', async () => {
  const { stdout } = await runCli(['doctor', '--json'], env)
  const findings: { name: string; ok: boolean }[] = JSON.parse(stdout)
  // What this machine is short of is no fault of the platform.
  const bad = findings.filter(({ name, ok }) => !ok && !['disk', 'room', 'memory'].includes(name))
  expect(bad).toEqual([])
  expect(names(findings)).toContain('partitions')
})

test('status --watch --json is a line a tick', async () => {
  const watching = startCli(['status', '--watch', '--json'], env)
  await eventually(() => watching.stdout.split('\n').length > 2)
  watching.kill('SIGINT')
  const { stdout } = await watching.ended
  for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line).ready).toBe(true)
})

test('env gives any other program what it needs', async () => {
  const { code, stdout } = await runCli(['env'], env)
  expect(code).toBe(0)
  const wanted = ['DATABASE_URL', 'KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'TEMPORAL_UI_URL']
  const script = `set -eu; eval "$(cat)"; printf '%s\\n' ${wanted.map((name) => `"$${name}"`).join(' ')}`
  const text = execFileSync('sh', ['-c', script], { input: stdout, encoding: 'utf8' })
  const [databaseUrl, brokers = '', registryUrl, uiUrl = ''] = text.trimEnd().split('\n')
  database = new pg.Pool({ connectionString: databaseUrl })
  database.on('error', () => {})
  expect((await ask('select count(*) > 0 as is_there from clean_upi_transactions'))[0]).toEqual({
    is_there: true,
  })
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin()
  await kafka.connect()
  expect(await kafka.listTopics()).toContain('upi_transactions')
  await kafka.disconnect()
  const subjects = await fetch(`${registryUrl}/subjects`)
  expect(await subjects.json()).toEqual(expect.arrayContaining(['upi_transactions-value']))
  expect((await fetch(uiUrl)).ok).toBe(true)
})

test('a second up joins the first, and says what it did not regard', async () => {
  const { pid } = readState(stack.home)?.supervisor ?? {}
  const elsewhere = { ...env, UPI_PORT_BASE: '1024' }
  const { code, stdout, stderr } = await runCli(['up', '--rate', '5'], elsewhere)
  expect(code).toBe(0)
  expect(stderr).toContain(`already running in ${stack.home} (supervisor ${pid})`)
  expect(stderr).toContain('without regard to --rate')
  expect(stdout).toContain(`127.0.0.1:${stack.portBase}`)
  const { UPI_PORT_BASE: _, ...settings } = env
  const { stdout: addresses } = await runCli(['env'], settings)
  expect(addresses).toContain(`UPI_PORT_BASE='${stack.portBase}'`)
})

test('a part that is not there is refused', async () => {
  const { code, stderr } = await runCli(['up', '--only', 'postgres,nosuch'], env)
  expect([code, stderr]).toEqual([2, expect.stringContaining("there is no part 'nosuch'")])
})

test('the models are built and hold what they promise, while traffic goes on', async () => {
  for (const args of [['run'], ['test'], ['docs']]) {
    const { code, stdout, stderr } = await runCli(['models', ...args], env)
    expect([code, stderr], `${args}: ${stdout}`).toEqual([0, expect.any(String)])
  }
})

test('a generated day is aggregated, to the same figures as SQL over clean', async () => {
  const range = ['--from', DAY, '--to', DAY, '--count', String(COUNT)]
  expect((await runCli(['generate', ...range], env)).code).toBe(0)
  await eventually(
    () => countOfDay(),
    (count) => count === COUNT,
    30_000,
  )
  const { code, stdout } = await runCli(['aggregate', '--date', DAY, '--json'], env)
  expect(code).toBe(0)
  const [expected] = await ask(
    `select count(*)::int as total_txns,
            sum(amount) filter (where status = 'SUCCESS') as total_amount,
            (count(*) filter (where status = 'SUCCESS'))::int as success_txns,
            count(distinct payer_key)::int as unique_payers
       from clean_upi_transactions where business_date = $1 and type <> 'REFUND'`,
    [DAY],
  )
  expect(JSON.parse(stdout)).toMatchObject({ date: DAY, state: 'closed', ...expected })
})

test('the run of that day is listed on Temporal', async () => {
  const { client, connection } = await connectClient(need(loadConfig(env), 'temporalAddress'))
  try {
    const query = `WorkflowId = 'daily-upi-aggregation/${DAY}'`
    const statuses = async () => {
      const found: string[] = []
      for await (const { status } of client.workflow.list({ query })) found.push(status.name)
      return found
    }
    expect(await eventually(statuses, ({ length }) => length > 0)).toEqual(['COMPLETED'])
  } finally {
    await connection.close()
  }
})

test('after a kill -9 of everything it starts again, with every committed row', {
  timeout: START_MS_MAX,
}, async () => {
  const rows = await ask<{ txn_id: string }>('select txn_id from clean_upi_transactions')
  for (const each of processesOf(stack)) killNow(each)
  await eventually(() => processesOf(stack).length === 0)
  expect((await runCli(['status'], env)).code).toBe(1)
  expect((await runCli(['up', '--detach', '--no-traffic'], env)).code).toBe(0)
  const [lost] = await ask(
    `select count(*)::int as rows from unnest($1::text[]) as known(txn_id)
      where not exists (select from clean_upi_transactions c where c.txn_id = known.txn_id)`,
    [rows.map(({ txn_id }) => txn_id)],
  )
  expect([rows.length > COUNT, lost]).toEqual([true, { rows: 0 }])
  const { components } = JSON.parse((await runCli(['status', '--json'], env)).stdout)
  expect(names(components)).not.toContain('traffic')
})

test('down leaves no process and no port', async () => {
  expect((await runCli(['down'], env)).code).toBe(0)
  expect(processesOf(stack)).toEqual([])
  expect(await takenPorts(stack)).toEqual([])
  const { code, stdout } = await runCli(['status', '--json'], env)
  expect([code, JSON.parse(stdout).ready]).toEqual([1, false])
})

test('Ctrl-C at once leaves nothing', async () => {
  const up = startCli(['up'], env)
  await eventually(() => readState(stack.home)?.phase === 'starting')
  await interrupted(up, 'SIGINT')
})

test('Ctrl-C in a second up lets the first go on; a hang-up of the first stops all', async () => {
  const first = startCli(['up'], env)
  await eventually(() => readState(stack.home)?.phase === 'starting')
  const second = startCli(['up'], env)
  await eventually(() => second.stderr.includes('already running'))
  second.kill('SIGINT')
  expect((await second.ended).code).toBe(130)
  await eventually(() => first.stderr.includes('postgres   ready'))
  await interrupted(first, 'SIGHUP')
})

/** A start that is broken off says so by its exit code, and nothing of it stays. */
async function interrupted(up: CliRun, signal: NodeJS.Signals): Promise<void> {
  up.kill(signal)
  expect((await up.ended).code).toBe(130)
  expect(processesOf(stack)).toEqual([])
  expect(await takenPorts(stack)).toEqual([])
  expect(readState(stack.home)?.phase).toBe('stopped')
}

async function ask<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  return (await database.query<Row>(text, values)).rows
}

async function countOfDay(): Promise<number> {
  const text = 'select count(*)::int as rows from clean_upi_transactions where business_date = $1'
  return (await ask<{ rows: number }>(text, [DAY]))[0]?.rows ?? 0
}

function names(components: readonly { name: string }[]): string[] {
  return components.map(({ name }) => name).sort()
}
