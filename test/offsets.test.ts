import { expect, test } from 'vitest'
import { betweenReads } from './between-reads.ts'
import { brokenBooks } from './books.ts'
import { type CliResult, eventually, runCli, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'

const own = useTopics(useStack('database'))

test('seek back writes nothing again and books nothing; while a worker runs it is refused', async () => {
  await own.send(0, 5)
  await own.send(1, 3)
  await own.withStream(async () => {
    await own.written(8)
    // What lies beyond was read before: the offset leaps over it a moment later.
    await eventually(own.atEnd)
  })
  const [batches, before] = [await own.countBatches(), await own.list()]
  expect(before).toMatchObject({ topic: own.name, group: own.name, epoch: 0 })
  expect(before.partitions).toMatchObject([
    { partition: 0, next_offset: 5, log_start: 0, log_end: 5, lag: 0, gaps: 0, state: 'ok' },
    { partition: 1, next_offset: 3, log_start: 0, log_end: 3, lag: 0, gaps: 0, state: 'ok' },
  ])
  const sought = await own.offsets('seek', '--to', 'earliest', '--json')
  expect(JSON.parse(sought.stdout)).toEqual([
    { partition: 0, from: 5, to: 0 },
    { partition: 1, from: 3, to: 0 },
  ])
  await own.withStream(async () => {
    const ids = await own.send(0, 1)
    await own.written(9)
    expect(ids).toHaveLength(1)
    const refused = await own.offsets('seek', '--to', 'earliest')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/a worker of group .* stop the stream first/s)
  })
  expect(await own.countBatches()).toBe(batches + 1)
  expect(await brokenBooks(own.pool)).toEqual([])
  expect((await own.list()).partitions.map(({ next_offset }) => next_offset)).toEqual([6, 3])
  const { rows } = await own.pool.query(
    `select actor, subject from ops.audit_log where action = 'offsets seek' order by audit_id`,
  )
  expect(rows).toEqual([
    { actor: 'asha', subject: `${own.name} partition 0: 5 to 0` },
    { actor: 'asha', subject: `${own.name} partition 1: 3 to 0` },
  ])
})

test('seek ahead leaves a gap with a name, and seek back reads just what lies in it', async () => {
  await own.send(0, 4)
  await own.readAll(4)
  await own.send(0, 6)
  expect(await own.offsets('seek', '--to', '8', '--partition', '0')).toMatchObject({ code: 0 })
  expect(await own.gaps()).toEqual([
    { partition: 0, first: 4, next: 8, reason: 'seek', actor: 'asha' },
  ])
  await own.readAll(6)
  expect(await brokenBooks(own.pool)).toEqual([])
  expect(await own.offsets('seek', '--to', '6', '--partition', '0')).toMatchObject({ code: 0 })
  expect(await own.gaps()).toMatchObject([{ first: 4, next: 6 }])
  await own.readAll(8)
  expect(await brokenBooks(own.pool)).toEqual([])
  expect(await own.offsets('seek', '--to', '1', '--partition', '0')).toMatchObject({ code: 0 })
  expect(await own.gaps()).toEqual([])
  await own.readAll(10)
  expect(await brokenBooks(own.pool)).toEqual([])
})

test('seek goes to a time of Kafka, and refuses what is no place', async () => {
  await own.send(0, 2)
  const sent = Date.now()
  const between = await eventually(
    () => Date.now(),
    (now) => now > sent + 5,
  )
  await eventually(() => Date.now() > between + 5)
  await own.send(0, 3)
  expect(
    await own.offsets('seek', '--to', new Date(between).toISOString(), '--partition', '0'),
  ).toMatchObject({
    code: 0,
  })
  expect((await own.list()).partitions[0]).toMatchObject({ next_offset: 2, lag: 3, gaps: 2 })
  expect(await own.offsets('seek', '--to', '9', '--partition', '0')).toMatchObject({ code: 2 })
  expect(await own.offsets('seek', '--to', '1')).toMatchObject({ code: 2 })
  expect(await own.offsets('seek')).toMatchObject({ code: 2 })
  expect(await own.offsets('seek', '--to', 'noon')).toMatchObject({ code: 2 })
  expect(await own.offsets('seek', '--to', '0', '--partition', '7')).toMatchObject({ code: 2 })
})

/** Runs a command while a stream is at work, which has read three messages more when it looks at the second of both. */
async function offsetsBehind(...args: string[]): Promise<CliResult> {
  await Promise.all([own.send(0, 2), own.send(1, 2)])
  return await own.withStream(async () => {
    await own.written(4)
    const goOn = async () => {
      await Promise.all([own.send(0, 2), own.send(1, 1)])
      await own.written(7)
    }
    return await betweenReads(own.env, goOn, (env) => runCli(['offsets', ...args], env))
  })
}

test('a stream that goes on between offsets and log is not told as lost', async () => {
  const { stdout } = await offsetsBehind('list', '--json')
  expect(JSON.parse(stdout).partitions).toMatchObject([
    { next_offset: 2, log_end: 4, lag: 2, state: 'ok' },
    { next_offset: 2, log_end: 3, lag: 1, state: 'ok' },
  ])
})

test('a stream that goes on between offsets and log is not adopted as another', async () => {
  const adopt = await offsetsBehind('adopt')
  expect(adopt).toMatchObject({ code: 1, stdout: '' })
  expect(adopt.stderr).toContain('there is nothing to adopt')
  expect(await own.list()).toMatchObject({ epoch: 0 })
})
