import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { serveHealth } from '../platform/health-server.ts'
import { freePort } from './free-port.ts'
import { runCli, useStack } from './harness.ts'
import { noteRunning } from './running-state.ts'
import { withSilentServer } from './silent-server.ts'

const own = useStack('database', 'topics', 'namespace')
const NOBODY = '127.0.0.1:1'

beforeAll(() => {
  const parts = ['postgres', 'kafka', 'temporal'].map((name) => ({ name }))
  noteRunning(own.env.UPI_HOME as string, [...parts, { name: 'stream', address: NOBODY }])
})

interface Page {
  readonly stream: { readonly lag: number } | null
  readonly checks: readonly { name: string; state: string; text: string }[]
  readonly away: readonly string[]
  readonly components: readonly { name: string; state: string }[]
  readonly facts: Readonly<Record<string, unknown>>
}

async function pageWith(
  env: Record<string, string>,
): Promise<Page & { state(name: string): string | undefined }> {
  const { stdout } = await runCli(['status', '--json'], { ...own.env, ...env })
  const page = JSON.parse(stdout) as Page
  return { ...page, state: (name) => page.checks.find((line) => line.name === name)?.state }
}

test('the page tells of every server, and of a stream that does not answer', async () => {
  const page = await pageWith({})
  expect(page.away).toEqual(['the stream'])
  expect(page.stream).toMatchObject({ lag: 0 })
  expect(page.facts.upi_postgres_connections_max).toEqual([{ value: expect.any(Number) }])
  const found = Object.fromEntries(page.checks.map(({ name, state }) => [name, state]))
  expect(found).toMatchObject({ stream: 'act', lag: 'ok', rate: 'ok', letters: 'ok', days: 'ok' })
  expect(found).toMatchObject({ figures: 'ok', books: 'ok', postgres: 'ok', schedule: 'act' })
})

test('a process that does not answer is not ready, whatever its supervisor has seen last', async () => {
  const home = join(own.env.UPI_HOME as string, 'silent')
  const port = await freePort()
  const health = await serveHealth({ host: '127.0.0.1', port, readiness: () => undefined })
  const parts = (worker: string) => [
    { name: 'stream', kind: 'process' as const, address: `127.0.0.1:${port}` },
    { name: 'worker', kind: 'process' as const, address: worker },
  ]
  const asked = async (command: 'status' | 'up') => {
    const { code, stdout, stderr } = await runCli([command], { ...own.env, UPI_HOME: home })
    return { code, said: stdout + stderr }
  }
  try {
    noteRunning(home, parts(NOBODY))
    expect(await asked('status')).toEqual({
      code: 1,
      said: expect.stringMatching(/^not ready.*^worker +unready /ms),
    })
    expect(await asked('up')).toEqual({
      code: 1,
      said: expect.stringMatching(/not ready now.*upi: worker is silent: .* does not answer/s),
    })
    noteRunning(home, parts(`127.0.0.1:${port}`))
    expect((await asked('status')).code).toBe(0)
    expect((await asked('up')).code).toBe(0)
  } finally {
    await health.close()
  }
})

test('a Postgres that takes connections and says nothing is named, and not Kafka in its place', async () => {
  await withSilentServer(async (address) => {
    const page = await pageWith({ DATABASE_URL: `postgres://upi:x@${address}/upi` })
    expect(page.away).toEqual(['Postgres', 'the stream'])
    expect([page.state('postgres'), page.state('lag')]).toEqual(['act', 'look'])
  })
})

// One server away: who is named, and what is still known.
test.each([
  ['KAFKA_BROKERS', NOBODY, 'Kafka', 'lag', ['rate', 'postgres', 'days']],
  ['DATABASE_URL', `postgres://upi:x@${NOBODY}/upi`, 'Postgres', 'postgres', ['disk']],
  ['TEMPORAL_ADDRESS', NOBODY, 'Temporal', 'schedules', ['lag', 'rate', 'postgres', 'days']],
])('without %s the rest is told', async (name, value, who, blamed, known) => {
  const page = await pageWith({ [name]: value })
  expect(page.away).toContain(who)
  const unready = page.components.filter(({ state }) => state === 'unready')
  expect(unready.map((each) => each.name)).toContain(who.toLowerCase())
  expect(page.state(blamed)).toBe('act')
  expect(known.map((each) => [each, page.state(each)])).toEqual(
    known.map((each) => [each, each === 'disk' ? expect.any(String) : 'ok']),
  )
  const words = await runCli(['status'], { ...own.env, [name]: value })
  expect(words.stdout).toMatch(new RegExp(`^act +${blamed} +.*127\\.0\\.0\\.1:1`, 'm'))
})
