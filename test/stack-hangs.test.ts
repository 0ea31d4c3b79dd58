import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  logFile,
  type ProcessSpec,
  readState,
  type StackOptions,
  startStack,
  stopStack,
  waitReady,
} from '../platform/stack/index.ts'
import { type ProcessId, signalProcess, withChildren } from '../platform/stack/process-table.ts'
import { eventually } from './eventually.ts'
import { componentOf, ownStackOptions, query, removeOwnStack } from './own-stack.ts'
import { plainEnvironment } from './plain-environment.ts'

/*
 * What hangs is ended and started again, and only what hangs. One stack, whose life the tests follow in their order; its
 * patience is shorter than that of an operator's.
 */
const HUNG_MS_MAX = 2_000
const MENDED_MS_MAX = 40_000
let options: StackOptions
beforeAll(async () => {
  const own = await ownStackOptions({ servers: ['postgres', 'registry'], hungMsMax: HUNG_MS_MAX })
  const { portBase } = own
  options = {
    ...own,
    processes: [
      // Lives, and takes its time when it hears SIGTERM; its other paths make it hang, or let it be unready for ever.
      processOf('web', portBase + 10, `process.on('SIGTERM', () => setTimeout(process.exit, 300))`),
      processOf('waiting', portBase + 11, ''),
    ],
  }
  await startStack(options)
  await waitReady(options.home)
}, 120_000)
afterAll(() => removeOwnStack(options))

test.each(['web', 'registry'])('%s is started again when it was stopped', async (name) => {
  const before = componentOf(options, name)
  stop(name)
  const now = await mended(name, before?.pid)
  expect([now?.restarts, now?.hangs]).toEqual([1, 1])
  const told = supervisorLines().filter(({ component, detail = '' }) => {
    return component === name && /^hung: .* it is ended and started again$/.test(detail)
  })
  expect(told).toHaveLength(1)
})

test('a process in an endless loop, which hears no SIGTERM, is ended by force', async () => {
  const before = componentOf(options, 'web')
  const signal = AbortSignal.timeout(500)
  await fetch(`http://${before?.address}/loop`, { signal }).catch(() => {})
  const now = await mended('web', before?.pid)
  expect([now?.restarts, now?.hangs]).toEqual([2, 2])
})

test('a process that is not ready, because it waits, is left alone', async () => {
  const before = componentOf(options, 'waiting')
  await fetch(`http://${before?.address}/wait`)
  await eventually(
    () => componentOf(options, 'waiting')?.state,
    (state) => state === 'unready',
    MENDED_MS_MAX,
  )
  // Long enough for another to be found.
  const { pid } = processIdOf('web')
  stop('web')
  await mended('web', pid)
  expect(componentOf(options, 'waiting')).toMatchObject({
    pid: before?.pid,
    restarts: 0,
    hangs: 0,
    detail: 'does not answer: /readyz answers 503',
  })
})

test('a Postgres that was stopped goes on, with what was under way, and nobody else is blamed', async () => {
  const before = ['postgres', 'registry', 'waiting'].map((name) => componentOf(options, name))
  await query(options, 'create table held (id int); insert into held values (1)')
  stop('postgres')
  const now = await eventually(
    () => componentOf(options, 'postgres'),
    (each) => each?.hangs === 1 && each.state === 'ready',
    MENDED_MS_MAX,
  )
  expect(now).toMatchObject({ pid: before[0]?.pid, restarts: 0 })
  expect(await query(options, 'select id from held')).toEqual([{ id: 1 }])
  for (const other of before.slice(1)) {
    const { pid, hangs } = componentOf(options, other?.name ?? '') ?? {}
    expect([pid, hangs]).toEqual([other?.pid, other?.hangs])
  }
})

test('what is being ended is not told to be ready, whatever it answers meanwhile', () => {
  const told = supervisorLines().filter(({ state }) => state !== undefined)
  const after = told.flatMap(({ component, detail = '' }, at) => {
    if (!detail.endsWith('it is ended and started again')) return []
    return [told.slice(at + 1).find((next) => next.component === component)?.state]
  })
  expect(after.length).toBeGreaterThan(3)
  expect(new Set(after)).toEqual(new Set(['restarting']))
})

test('a supervisor that was stopped itself blames nobody for it', async () => {
  const before = componentOf(options, 'web')
  const supervisor = readState(options.home)?.supervisor as ProcessId
  // It is asked within a second, and has five to answer: the supervisor wakes up when that is long over.
  stop('web')
  await passing(HUNG_MS_MAX)
  signalProcess(supervisor, 'SIGSTOP')
  await passing(6_000)
  go('web')
  signalProcess(supervisor, 'SIGCONT')
  const { pid } = processIdOf('registry')
  stop('registry')
  await mended('registry', pid)
  const { pid: now, hangs } = componentOf(options, 'web') ?? {}
  expect([now, hangs]).toEqual([before?.pid, before?.hangs])
})

test('a Postgres of which one process was stopped goes on', async () => {
  const { hangs = 0 } = componentOf(options, 'postgres') ?? {}
  stopCheckpointer()
  await eventually(
    () => componentOf(options, 'postgres')?.hangs,
    (now) => now === hangs + 1,
    MENDED_MS_MAX,
  )
  await query(options, 'checkpoint')
})

test('a supervisor that was stopped, and all that it has, end at once and in order', async () => {
  for (const name of ['web', 'registry', 'postgres']) stop(name)
  stopCheckpointer()
  signalProcess(readState(options.home)?.supervisor as ProcessId, 'SIGSTOP')
  await stopsInOrder()
})

test('what was stopped when its supervisor was killed ends at once and in order', async () => {
  await startStack(options)
  await waitReady(options.home)
  stop('postgres')
  signalProcess(readState(options.home)?.supervisor as ProcessId, 'SIGKILL')
  await stopsInOrder()
})

async function stopsInOrder(): Promise<void> {
  const since = performance.now()
  expect(await stopStack(options.home)).toBe(true)
  expect(performance.now() - since).toBeLessThan(9_000)
  const last = readFileSync(logFile(options.home, 'postgres'), 'utf8').trim().split('\n').at(-1)
  expect(last).toContain('database system is shut down')
}

function stopCheckpointer(): void {
  const { pid: postmaster } = processIdOf('postgres')
  const title = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  const pid = withChildren(postmaster).find((each) => title(each).includes('checkpointer'))
  if (pid === undefined) throw new Error('there is no checkpointer')
  process.kill(pid, 'SIGSTOP')
}

function processOf(name: string, port: number, more: string): ProcessSpec {
  const script = `
    ${more}
    let status = 200
    require('node:http').createServer(({ url }, answer) => {
      if (url === '/loop') for (;;);
      if (url === '/wait') status = 503
      answer.writeHead(url === '/readyz' ? status : 200).end()
    }).listen(${port}, '127.0.0.1')`
  return {
    name,
    kind: 'process',
    argv: [process.execPath, '-e', script],
    env: plainEnvironment(),
    needs: [],
    address: `127.0.0.1:${port}`,
    readyUrl: `http://127.0.0.1:${port}/readyz`,
    aliveUrl: `http://127.0.0.1:${port}/healthz`,
    ports: [port],
    graceMsMax: 500,
  }
}

async function passing(ms: number): Promise<void> {
  const since = performance.now()
  await eventually(() => performance.now() - since > ms)
}

function stop(name: string): void {
  signalProcess(processIdOf(name), 'SIGSTOP')
}

function go(name: string): void {
  signalProcess(processIdOf(name), 'SIGCONT')
}

function processIdOf(name: string) {
  const { pid, token } = componentOf(options, name) ?? {}
  if (pid === undefined || token === undefined) throw new Error(`${name} does not run`)
  return { pid, token }
}

async function mended(name: string, pid: number | undefined) {
  return await eventually(
    () => componentOf(options, name),
    (now) => now?.state === 'ready' && now.pid !== pid,
    MENDED_MS_MAX,
  )
}

function supervisorLines(): { component?: string; state?: string; detail?: string }[] {
  const lines = readFileSync(logFile(options.home, 'supervisor'), 'utf8').split('\n')
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
}
