import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { need } from '../platform/config.ts'
import { connectClient } from '../platform/temporal.ts'
import { killLeftCommands } from './cli.ts'
import { aMessage } from './factories.ts'
import { eventually, runCli, startCli, useStack } from './harness.ts'
import { newHandles, openHandles } from './leaks.ts'
import { leftConnections } from './template.ts'

const own = useStack('database', 'topics', 'namespace')

describe('a test file has for itself', () => {
  test('a migrated database, and every role reaches it', async () => {
    for (const role of [
      undefined,
      'upi_ingest',
      'upi_transform',
      'upi_api',
      'upi_report',
      'upi_backup',
    ] as const) {
      const { rows } = await own.pool(role).query('select current_database() as name, user as role')
      expect(rows).toEqual([{ name: own.name, role: role ?? expect.any(String) }])
    }
    const { code, stderr } = await runCli(['migrate', 'status'], own.env)
    expect([code, stderr]).toEqual([0, ''])
  })

  test('topics as the settings want them', async () => {
    const { code, stdout } = await runCli(['topics'], own.env)
    expect([code, stdout]).toEqual([0, expect.stringContaining(own.name)])
  })

  test('a Temporal namespace that knows our search attributes', async () => {
    const { client, connection } = await connectClient(need(own.configFor(), 'temporalAddress'))
    const query = "UpiBusinessDate = '2026-02-01'"
    expect(
      await client.workflowService.countWorkflowExecutions({ namespace: own.name, query }),
    ).toMatchObject({ groups: [] })
    await connection.close()
  })

  test('settings that hide those of the developer', async () => {
    const { stdout } = await runCli(['env'], own.env)
    expect(stdout).toContain(`DATABASE_URL='${own.env.DATABASE_URL}'`)
    expect(own.configFor({ UPI_AMOUNT_LIMIT: '5.00' })).toMatchObject({
      topic: own.name,
      temporalTaskQueue: own.name,
      amountLimit: '5.00',
    })
  })
})

describe('what is left open is found', () => {
  test('a connection to the database', async () => {
    const client = new pg.Client({
      connectionString: own.env.DATABASE_URL,
      application_name: 'left',
    })
    await client.connect()
    const look = () => leftConnections(inject('stack').databaseUrl, own.name, 200)
    expect((await look()).filter((who) => who.startsWith('left as upi'))).toHaveLength(1)
    await client.end()
    await eventually(look, (left) => !left.some((who) => who.startsWith('left')))
  })

  test('a socket', async () => {
    const before = openHandles()
    const server = createServer().listen(0, '127.0.0.1')
    await eventually(() => server.listening)
    expect(await newHandles(before, 200)).toEqual(['1 × TCPServerWrap'])
    server.close()
    expect(await newHandles(before)).toEqual([])
  })

  test('a command', async () => {
    const { pid, ended } = startCli(['logs', '-f'], { UPI_HOME: own.env.UPI_HOME as string })
    expect(existsSync(`/proc/${pid}`) || process.platform !== 'linux').toBe(true)
    expect(killLeftCommands()).toEqual([`./upi logs -f (pid ${pid})`])
    expect(await ended).toMatchObject({ signal: 'SIGKILL' })
  })
})

describe('eventually', () => {
  test('returns what it saw as soon as it is as wished', async () => {
    let looks = 0
    expect(
      await eventually(
        () => ++looks,
        (seen) => seen === 3,
      ),
    ).toBe(3)
  })

  test('fails with what it saw last', async () => {
    await expect(
      eventually(
        () => ({ rows: 2n }),
        () => false,
        50,
      ),
    ).rejects.toThrow('{"rows":"2n"}')
    const failing = eventually(() => Promise.reject(new Error('not yet')), undefined, 50)
    await expect(failing).rejects.toMatchObject({ cause: { message: 'not yet' } })
  })
})

test('a message is another payment each time, and takes what matters', () => {
  const [first, second] = [aMessage(), aMessage({ amount: '1.00' })]
  expect(first.txn_id).not.toBe(second.txn_id)
  expect(second.amount).toBe('1.00')
})
