import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  readState,
  type StackOptions,
  startStack,
  stopStack,
  waitReady,
  wipe,
} from '../platform/stack/index.ts'
import { eventually } from './eventually.ts'
import {
  componentOf,
  killNow,
  ownStackOptions,
  processesOf,
  query,
  removeOwnStack,
  takenPorts,
  webProcess,
} from './own-stack.ts'

// One stack, whose life the tests follow in their order.
let options: StackOptions
beforeAll(async () => {
  options = await ownStackOptions()
  const { portBase } = options
  const step = { name: 'step', kind: 'step', needs: ['postgres'], env: {} } as const
  options = {
    ...options,
    processes: [
      { ...step, argv: [process.execPath, '-e', 'process.exit(0)'] },
      webProcess(portBase, ['step', 'kafka']),
    ],
  }
})
afterAll(() => removeOwnStack(options))

test('a start brings every server, step and process up', { timeout: 600_000 }, async () => {
  expect(await startStack(options)).toMatchObject({ attached: false })
  const state = await waitReady(options.home)
  const phases = state.components.map(({ name, state: phase }) => [name, phase])
  expect(Object.fromEntries(phases)).toEqual({
    postgres: 'ready',
    kafka: 'ready',
    registry: 'ready',
    temporal: 'ready',
    step: 'done',
    web: 'ready',
  })
  await query(options, 'create table paid (id int primary key); insert into paid values (1)')
})

test('the data is checksummed and the password needed', async () => {
  const rows = await query<{ name: string; setting: string }>(
    options,
    `select name, setting from pg_settings
     where name in ('data_checksums', 'password_encryption', 'fsync', 'unix_socket_directories')`,
  )
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
    data_checksums: 'on',
    password_encryption: 'scram-sha-256',
    fsync: 'on',
    unix_socket_directories: '',
  })
  const wrong = { ...options, secrets: { ...options.secrets, postgresPassword: 'wrong' } }
  await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' })
})

test('a second start attaches to the first', async () => {
  const { pid } = readState(options.home)?.supervisor ?? {}
  expect(await startStack(options)).toEqual({ attached: true, pid })
})

test.each(['web', 'postgres', 'kafka'])('%s is started again after a kill -9', async (name) => {
  const before = componentOf(options, name)
  killNow(before)
  const again = await eventually(
    () => componentOf(options, name),
    (now) => now?.state === 'ready' && now.pid !== before?.pid,
    45_000,
  )
  expect(again?.restarts).toBe((before?.restarts ?? 0) + 1)
})

test('after a kill -9 of the supervisor the next start cleans up and comes up', async () => {
  const before = processesOf(options)
  killNow(readState(options.home)?.supervisor)
  await eventually(() => readState(options.home)?.phase === 'lost')
  expect(await startStack(options)).toMatchObject({ attached: false })
  await waitReady(options.home)
  const after = new Set(processesOf(options).map(({ pid }) => pid))
  expect(before.filter(({ pid }) => after.has(pid))).toEqual([])
  expect(await query(options, 'select id from paid')).toEqual([{ id: 1 }])
})

test('after a kill -9 of everything no committed row is lost', async () => {
  await query(options, 'insert into paid values (2)')
  for (const each of processesOf(options)) killNow(each)
  await eventually(() => processesOf(options).length === 0)
  await startStack({ ...options, servers: ['postgres', 'kafka'] })
  await waitReady(options.home)
  expect(await query(options, 'select id from paid order by id')).toEqual([{ id: 1 }, { id: 2 }])
})

test('a stop leaves no process and no port, and a second one finds nothing', async () => {
  expect(await stopStack(options.home)).toBe(true)
  expect(processesOf(options)).toEqual([])
  expect(await takenPorts(options)).toEqual([])
  expect(readState(options.home)?.phase).toBe('stopped')
  expect(await stopStack(options.home)).toBe(false)
})

test('a wiped stack has forgotten its data', async () => {
  await wipe(options.home)
  expect(readState(options.home)).toBeUndefined()
})
