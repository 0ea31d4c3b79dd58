import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { readStreamStatus } from '../streaming/stream-status.ts'
import { brokenBooks } from './books.ts'
import { eventually, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'

const own = useTopics(useStack('database'))

test('expired messages stop their partition alone; after a seek it goes on by itself', async () => {
  await own.send(0, 3)
  await own.readAll(3)
  await own.send(0, 4)
  await own.expire(0, 5)
  await own.send(1, 2)
  await own.withStream(async (run, readiness) => {
    await own.written(5)
    const line = /partition 0: offsets 3 to 4 have expired .*offsets seek --to earliest/
    expect(await eventually(readiness, (text) => line.test(text))).toMatch(line)
    expect(run.stderr).toMatch(line)
    expect((await own.list()).partitions).toMatchObject([
      { state: 'lost', lag: null },
      { state: 'ok', lag: 0 },
    ])
    expect(await own.offsets('seek', '--to', 'earliest', '--partition', '0')).toMatchObject({
      code: 0,
    })
    await own.written(7)
    expect(await eventually(readiness, (text) => text === 'ready')).toBe('ready')
  })
  expect(await own.gaps()).toEqual([
    { partition: 0, first: 3, next: 5, reason: 'expired', actor: 'asha' },
  ])
  expect(await brokenBooks(own.pool)).toEqual([])
})

test('messages that expire under a worker that stands still are told, also when no more come', async () => {
  await own.send(0, 3)
  await own.withStream(async (run) => {
    await own.written(3)
    run.kill('SIGSTOP')
    // What was sent first may have been fetched already.
    await own.send(0, 4)
    await own.send(0, 4)
    await own.expire(0, 11)
    run.kill('SIGCONT')
    const said = await eventually(() => /offsets (\d+) to 10 have expired/.exec(run.stderr))
    expect(await own.offsets('seek', '--to', 'earliest', '--partition', '0')).toMatchObject({
      code: 0,
    })
    await own.send(0, 1)
    await own.written(Number(said?.[1]) + 1)
  })
  expect(await brokenBooks(own.pool)).toEqual([])
})

test('a topic that was made anew is told from the old one, and adopted as an epoch', async () => {
  await own.send(0, 3)
  await own.send(1, 2)
  await own.readAll(5)
  expect(await own.offsets('adopt')).toMatchObject({ code: 1 })
  await own.admin.deleteTopics({ topics: [own.name] })
  await own.make(1)
  await own.send(0, 9)
  await own.withStream(async (_, readiness) => {
    const text = await eventually(readiness, (seen) => seen.includes('partition 1'))
    expect(text).toMatch(/partition 0 has only messages that came after .*offsets adopt/)
    expect(text).toMatch(/no partition 1 any more/)
    const status = await readStreamStatus(own.pool, own.kafka, { topic: own.name, group: own.name })
    expect(status.partitions).toMatchObject([
      { partition: 0, next_offset: 3, log_end: 9, lag: null },
      { partition: 1, next_offset: 2, log_end: null, lag: null },
    ])
    expect(await own.offsets('seek', '--to', 'earliest', '--partition', '0')).toMatchObject({
      code: 3,
    })
    const adopted = await own.offsets('adopt', '--reason', 'made anew')
    expect(adopted).toMatchObject({ code: 0 })
    await own.written(9, 1)
    await eventually(readiness, (seen) => seen === 'ready')
  })
  await own.written(5)
  expect(await brokenBooks(own.pool)).toEqual([])
  expect(await own.list()).toMatchObject({ epoch: 1, partitions: [{ next_offset: 9, lag: 0 }] })
  const { rows } = await own.pool.query(
    'select adopted_by, reason from ops.stream_epochs where topic = $1 and epoch = 1',
    [own.name],
  )
  expect(rows).toEqual([{ adopted_by: 'asha', reason: 'made anew' }])
})

test('a topic that is told to keep the times of producers is refused aloud, until it is mended', async () => {
  const timestamps = async (value: string) => {
    const configEntries = [{ name: 'message.timestamp.type', value }]
    const type = kafkajs.ConfigResourceTypes.TOPIC
    const resources = [{ type, name: own.name, configEntries }]
    await own.admin.alterConfigs({ validateOnly: false, resources })
  }
  await own.send(0, 3)
  await own.withStream(async (run, readiness) => {
    await own.written(3)
    await timestamps('CreateTime')
    const refused = /keeps its producers' timestamps; set message\.timestamp\.type/
    await eventually(readiness, (text) => refused.test(text))
    expect(run.stderr).toMatch(refused)
    await timestamps('LogAppendTime')
    await eventually(readiness, (text) => text === 'ready')
    await own.send(0, 2)
    await own.written(5)
  })
  expect(await brokenBooks(own.pool)).toEqual([])
})

test('another cluster stops all partitions until it is adopted', async () => {
  await own.send(0, 2)
  await own.readAll(2)
  await own.pool.query(`update ops.stream_epochs set cluster_id = 'another' where topic = $1`, [
    own.name,
  ])
  await own.send(1, 1)
  await own.withStream(async (_, readiness) => {
    await eventually(readiness, (text) => /from Kafka cluster another/.test(text))
    expect(await own.offsets('seek', '--to', 'earliest')).toMatchObject({ code: 3 })
    expect(await own.offsets('adopt')).toMatchObject({ code: 0 })
    await own.written(3, 1)
  })
  expect(await own.offsets('adopt')).toMatchObject({ code: 1 })
})
