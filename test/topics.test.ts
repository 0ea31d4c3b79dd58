import type { Admin } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { need } from '../platform/config.ts'
import { createKafka } from '../platform/kafka.ts'
import { createLogger } from '../platform/telemetry.ts'
import { ensureTopics, type TopicPlan, topicPlans } from '../platform/topics.ts'
import { runCli, useStack } from './harness.ts'

const own = useStack('topics')
const log = createLogger({ process: 'test', level: 'error', pretty: false })
const made: string[] = []
let admin: Admin

beforeAll(async () => {
  admin = createKafka(need(own.configFor(), 'kafkaBrokers'), 'test', log).admin()
  await admin.connect()
})

afterAll(async () => {
  await admin.deleteTopics({ topics: made })
  await admin.disconnect()
})

function aPlan(name: string, over: Partial<TopicPlan> = {}): TopicPlan {
  const [payments] = topicPlans(own.configFor({ UPI_TOPIC: `${own.name}_${name}` }))
  const plan = { ...(payments as TopicPlan), ...over }
  if (!made.includes(plan.name)) made.push(plan.name)
  return plan
}

test('the plans follow the settings, and every topic bears the time of the broker', () => {
  const settings = { UPI_TOPIC: 'p', UPI_TOPIC_PARTITIONS: '6', UPI_TOPIC_RETENTION_DAYS: '2' }
  const plans = topicPlans(own.configFor(settings))
  expect(plans.map(({ name, partitions }) => [name, partitions])).toEqual([
    ['p', 6],
    ['p.dlq', 1],
    ['upi_alerts', 1],
  ])
  for (const plan of plans) {
    expect(plan.settings).toMatchObject({
      'message.timestamp.type': 'LogAppendTime',
      'retention.ms': '172800000',
    })
  }
})

test('settings under which nothing could be written are refused', () => {
  const config = own.configFor({ UPI_TOPIC_MIN_ISR: '2' })
  expect(() => topicPlans(config)).toThrow('UPI_TOPIC_MIN_ISR 2 is above UPI_TOPIC_REPLICATION 1')
})

test('a missing topic is created as planned, and the second time nothing happens', async () => {
  const plan = aPlan('fresh')
  const report = { topic: plan.name, partitions: plan.partitions, drift: [] }
  expect(await ensureTopics(admin, [plan])).toEqual([{ ...report, created: true }])
  expect(await ensureTopics(admin, [plan])).toEqual([{ ...report, created: false }])
})

test('of several that create at once each succeeds, and one has done it', async () => {
  const plan = aPlan('contended')
  const reports = await Promise.all([1, 2, 3].map(() => ensureTopics(admin, [plan])))
  expect(reports.flat().filter(({ created }) => created)).toHaveLength(1)
  expect(reports.flat().flatMap(({ drift }) => drift)).toEqual([])
})

test('every difference is reported with its fix, and nothing is changed', async () => {
  const plan = aPlan('drifting')
  await ensureTopics(admin, [plan])
  const wanted = { ...plan, partitions: 1, settings: { ...plan.settings, 'retention.ms': '1000' } }
  const [report] = await ensureTopics(admin, [wanted])
  expect(report?.drift).toEqual([
    {
      setting: 'partitions',
      is: '3',
      should: '1',
      fix: 'set UPI_TOPIC_PARTITIONS=3; Kafka removes no partitions',
    },
    {
      setting: 'retention.ms',
      is: '604800000',
      should: '1000',
      fix: expect.stringMatching(
        /--add-config retention.ms=1000, or set UPI_TOPIC_RETENTION_DAYS=7$/,
      ),
    },
  ])
  expect((await ensureTopics(admin, [plan]))[0]?.drift).toEqual([])
})

test('what Kafka refuses is a fault of the settings', async () => {
  const plan = aPlan('too_many_copies', { replication: 9 })
  await expect(ensureTopics(admin, [plan])).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  made.pop()
})

test('the command says that all is well, or exits 1 with a row for each difference', async () => {
  const well = await runCli(['topics', '--json'], own.env)
  expect([well.code, JSON.parse(well.stdout)]).toEqual([
    0,
    expect.arrayContaining([{ topic: own.name, created: false, partitions: 3, drift: [] }]),
  ])
  const drifting = await runCli(['topics'], { ...own.env, UPI_TOPIC_PARTITIONS: '4' })
  expect(drifting.code).toBe(1)
  expect(drifting.stdout).toMatch(/partitions +3 +4 +kafka-topics.sh --alter/)
  expect(drifting.stderr).toMatch(/^upi: not as the settings say: \S+; fix: see each row above\n$/)
})

test('without Kafka the command exits 3', async () => {
  const { code, stderr } = await runCli(['topics'], { ...own.env, KAFKA_BROKERS: '127.0.0.1:9' })
  expect([code, stderr]).toEqual([3, expect.stringContaining('upi: Kafka at 127.0.0.1:9:')])
})
