import { beforeAll, expect, test } from 'vitest'
import { need } from '../platform/config.ts'
import { createRegistry } from '../platform/registry.ts'
import { createSchemaReader } from '../platform/schema-reader.ts'
import { freePort } from './free-port.ts'
import { eventually, runCli, startCli, useStack } from './harness.ts'
import { readTopic, topicEnd } from './read-topic.ts'

const own = useStack('topics')
const RANGE = ['--from', '2026-02-01', '--to', '2026-02-02', '--count', '300']

beforeAll(async () => {
  expect((await runCli(['schema', 'register'], own.env)).code).toBe(0)
})

test('the same range and seed give the same bytes, another seed gives others', async () => {
  const ask = async (seed: string) => {
    const args = ['generate', ...RANGE, '--faults', '0.3', '--seed', seed, '--stdout']
    return (await runCli(args)).stdout
  }
  const [one, again, other] = await Promise.all([ask('a'), ask('a'), ask('b')])
  expect(again).toBe(one)
  expect(other).not.toBe(one)
  const lines = one.trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(300)
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow()
})

test.each(['plain', 'json', 'avro'])(
  '%s messages arrive, keyed by their transaction',
  async (framing) => {
    const before = await topicEnd(own.configFor())
    const { code, stderr } = await runCli(['generate', ...RANGE, '--framing', framing], own.env)
    expect(code).toBe(0)
    const { stdout } = await runCli(['generate', ...RANGE, '--stdout'])
    const expected = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(stderr).toContain(`${expected.length} messages of 300 transactions`)

    const records = await readTopic(own.configFor(), { from: before, count: expected.length })
    const reader = createSchemaReader(createRegistry(need(own.configFor(), 'schemaRegistryUrl')))
    const messages = await Promise.all(records.map(({ value }) => decode(value, framing, reader)))
    const ordered = (list: object[]) => list.map((each) => JSON.stringify(each)).sort()
    expect(ordered(messages)).toEqual(ordered(expected))
    expect(records.map(({ key }) => key)).toEqual(messages.map(({ txn_id }) => txn_id))
  },
)

async function decode(
  value: Buffer,
  framing: string,
  reader: ReturnType<typeof createSchemaReader>,
): Promise<{ txn_id: string }> {
  if (framing === 'plain') return JSON.parse(value.toString())
  const schema = await reader.load(value.readUInt32BE(1))
  expect([value[0], schema.type]).toEqual([0, framing.toUpperCase()])
  const body = value.subarray(5)
  return schema.type === 'AVRO'
    ? { ...(schema.fromBuffer(body) as { txn_id: string }) }
    : JSON.parse(body.toString())
}

test('live traffic flows at its rate until it is stopped, and says when it is ready', async () => {
  const port = await freePort()
  const begin = await topicEnd(own.configFor())
  const env = { ...own.env, UPI_METRICS_PORT: String(port) }
  const live = startCli(['generate', '--rate', '100'], env)
  const sent = async () => (await topicEnd(own.configFor())).total - begin.total
  await eventually(async () => (await sent()) > 300)
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([200, 'ready\n'])
  live.kill('SIGTERM')
  const { code, stderr } = await live.ended
  expect(code).toBe(0)
  const counted = /([\d,]+) messages of ([\d,]+) transactions/.exec(stderr)
  expect(Number(counted?.[1]?.replaceAll(',', ''))).toBe(await sent())
})

test('a count that is broken off is no success', async () => {
  const begin = await topicEnd(own.configFor())
  const run = startCli(['generate', '--count', '5000000', '--framing', 'plain'], own.env)
  await eventually(async () => (await topicEnd(own.configFor())).total > begin.total)
  run.kill('SIGTERM')
  const { code, stderr } = await run.ended
  expect([code, stderr]).toEqual([130, expect.stringMatching(/messages of/)])
})

test.each([
  [['--rate', '5', '--count', '5'], '--rate and --count exclude each other'],
  [['--from', '2026-02-01'], '--from and --to go together'],
  [['--from', '2026-02-02', '--to', '2026-02-01'], 'lies before'],
  [['--from', '2999-01-01', '--to', '2999-01-01'], 'lies in the future'],
  [['--faults', '1.5'], 'not a share from 0 to 1'],
  [['--framing', 'xml'], 'not plain, json or avro'],
  [['--rate', '0'], 'not a whole number'],
])('%o is refused', async (args, words) => {
  const { code, stderr } = await runCli(['generate', ...args], own.env)
  expect([code, stderr]).toEqual([2, expect.stringContaining(words)])
})

test.each([
  ['the registry is away', { SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9/x' }, 'schema registry at'],
  ['Kafka is away', { KAFKA_BROKERS: '127.0.0.1:9' }, 'Kafka at 127.0.0.1:9'],
  ['the schema is not registered', { UPI_TOPIC: 'nobody' }, 'fix: ./upi schema register'],
])('when %s it exits 3 and says so in one line', async (_, settings, words) => {
  const args = ['generate', '--count', '5']
  const { code, stderr } = await runCli(args, { ...own.env, ...settings })
  expect([code, stderr.trimEnd().split('\n')]).toEqual([3, [expect.stringContaining(words)]])
})

test('a topic that is missing is named, with the command that makes it', async () => {
  const env = { ...own.env, UPI_TOPIC: `${own.name}_missing` }
  const { code, stderr } = await runCli(['generate', '--count', '5', '--framing', 'plain'], env)
  expect(code).toBe(3)
  expect(stderr).toContain(`upi: topic ${env.UPI_TOPIC} does not exist; fix: ./upi topics`)
})
