import { expect, test } from 'vitest'
import { SESSION_MS } from '../streaming/group-consumer.ts'
import { brokenBooks } from './books.ts'
import { type CliRun, eventually, startCli, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'

const own = useTopics(useStack('database'))

function assigned(run: CliRun): string | undefined {
  const lines = run.stderr.match(/"partitions":\[[\d,]*\][^\n]*partitions assigned/g)
  return lines?.at(-1)?.match(/\[.*?\]/)?.[0]
}

async function stop(...runs: CliRun[]): Promise<void> {
  for (const run of runs) run.kill('SIGTERM')
  for (const run of runs) expect(await run.ended).toMatchObject({ code: 0 })
}

/** Two workers with a partition each. */
async function startTwo(): Promise<[CliRun, CliRun]> {
  const runs: [CliRun, CliRun] = [startCli(['stream'], own.env), startCli(['stream'], own.env)]
  await eventually(
    () => runs.map(assigned).toSorted().join(),
    (seen) => seen === '[0],[1]',
  )
  return runs
}

test('several workers share the topic, and the partitions of one that is killed are read within seconds', async () => {
  const [one, other] = await startTwo()
  await own.send(0, 2)
  await own.send(1, 2)
  await own.written(4)
  const began = performance.now()
  one.kill('SIGKILL')
  await one.ended
  await own.send(0, 2)
  await own.send(1, 2)
  await own.written(8)
  // The session, and time for a machine that other tests share.
  expect(performance.now() - began).toBeLessThan(SESSION_MS[0] + 4_000)
  await stop(other)
  expect(await brokenBooks(own.pool)).toEqual([])
})

test('a worker that stood still past its session lets go and does no harm', async () => {
  const [one, other] = await startTwo()
  await own.send(0, 5)
  await own.send(1, 5)
  await own.written(10)
  one.kill('SIGSTOP')
  await own.send(0, 5)
  await own.send(1, 5)
  await own.written(20)
  one.kill('SIGCONT')
  await own.send(0, 5)
  await own.send(1, 5)
  await own.written(30)
  await eventually(
    () => [one, other].map(assigned).toSorted().join(),
    (seen) => seen === '[0],[1]',
  )
  await stop(one, other)
  expect(await brokenBooks(own.pool)).toEqual([])
})

test('partitions that are added are read from their beginning, without a restart', async () => {
  await own.withStream(async (run) => {
    await eventually(() => assigned(run) === '[0,1]')
    await own.grow(3)
    await own.send(2, 3)
    await eventually(() => assigned(run) === '[0,1,2]', Boolean, 30_000)
    await own.written(3)
  })
  expect(await own.gaps()).toEqual([])
  expect(await brokenBooks(own.pool)).toEqual([])
})
