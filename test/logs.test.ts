import { expect, test } from 'vitest'
import { startToken } from '../platform/stack/process-table.ts'
import { freePort } from './free-port.ts'
import { type CliRun, eventually, runCli, startCli, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'
import { noteRunning } from './running-state.ts'

const own = useStack('database', 'topics', 'namespace')
const topic = useTopics(own)

interface Line {
  readonly msg: string
  readonly level: string
  readonly [field: string]: unknown
}

function linesOf({ stderr }: CliRun): Line[] {
  const whole = stderr.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
  return whole.map((line) => JSON.parse(line))
}

/** Notes a process as a part of the stack in the home of this file. */
function noteProcess(name: string, { pid }: CliRun, port: number): void {
  noteRunning(own.env.UPI_HOME as string, [
    { name: 'postgres', pid: process.pid, token: startToken(process.pid) as string },
    {
      name,
      kind: 'process',
      pid,
      token: startToken(pid) as string,
      address: `127.0.0.1:${port}`,
    },
  ])
}

const debug = (name: string, state: string) => runCli(['logs', name, '--debug', state], own.env)

test('a stream says at debug what it writes, by topic, partition and first offset, and stops saying so', async () => {
  const port = await freePort()
  await topic.withStream(
    async (run, readiness) => {
      await eventually(readiness, (text) => text === 'ready')
      noteProcess('stream', run, port)
      expect(await debug('stream', 'on')).toMatchObject({
        code: 0,
        stderr: 'stream logs at debug\n',
      })
      expect(await debug('stream', 'on')).toMatchObject({
        code: 0,
        stderr: 'stream logs at debug\n',
      })
      await topic.send(1, 3)
      await topic.written(3)
      await eventually(() => linesOf(run).some(({ msg }) => msg === 'batch written'))
      const written = linesOf(run).filter(({ msg }) => msg === 'batch written')
      expect(written[0]).toMatchObject({ topic: topic.name, partition: 1, first_offset: '0' })
      expect(await debug('stream', 'off')).toMatchObject({
        code: 0,
        stderr: 'stream logs at info\n',
      })
      await topic.send(1, 1)
      await topic.written(4)
      expect(linesOf(run).filter(({ msg }) => msg === 'batch written')).toHaveLength(written.length)
      const changes = linesOf(run).filter(({ msg }) => msg === 'log level changed')
      expect(changes.map(({ log_level: level }) => level)).toEqual(['debug', 'info'])
    },
    { UPI_METRICS_PORT: String(port) },
  )
})

test('a worker says of which run, activity and attempt it speaks', async () => {
  const port = await freePort()
  const worker = startCli(['worker'], { ...own.env, UPI_METRICS_PORT: String(port) })
  await eventually(
    () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok),
    undefined,
    30_000,
  )
  noteProcess('worker', worker, port)
  expect((await debug('worker', 'on')).code).toBe(0)
  expect((await runCli(['aggregate', '--date', '2026-02-01'], own.env)).code).toBe(0)
  const done = await eventually(
    () => linesOf(worker).find(({ msg }) => msg === 'activity done'),
    (line) => line !== undefined,
  )
  expect(done).toMatchObject({
    activity: expect.any(String),
    attempt: 1,
    workflow: expect.any(String),
    workflow_id: expect.any(String),
    run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  worker.kill()
  expect((await worker.ended).code).toBe(0)
})

test('what does not listen gets no signal', async () => {
  expect(await debug('postgres', 'on')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('postgres'),
  })
  // The process of the test before, which is gone.
  expect(await debug('worker', 'on')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('does not run'),
  })
  expect((await runCli(['logs', '--debug', 'on'], own.env)).code).toBe(2)
})
