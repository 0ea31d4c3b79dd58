import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from './free-port.ts'
import { eventually, runCli, startCli, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'

const own = useStack('database', 'topics', 'namespace')
const topic = useTopics(own)
let receiver: Server
let received = ''
let endpoint: string

beforeAll(async () => {
  receiver = createServer((request, response) => {
    text(request).then(
      (body) => {
        received += body
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      },
      () => {},
    )
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
})
afterAll(() => {
  receiver.closeAllConnections()
  receiver.close()
})

interface Span {
  readonly name: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[]
}

/** The spans in what was sent: requests of JSON, one after the other. */
function spans(): Span[] {
  const requests = received.replaceAll('}{"resourceSpans"', '}\n{"resourceSpans"').split('\n')
  return requests
    .filter((line) => line !== '')
    .flatMap((line) => JSON.parse(line).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope: { spans: Span[] }) => scope.spans))
}

function attributesOf({ attributes }: Span): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]),
  )
}

test('a batch is a span with its place, its outcomes and its steps, and names nobody', async () => {
  received = ''
  await topic.withStream(
    async () => {
      await topic.send(1, 2)
      await topic.written(2)
    },
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  )
  const all = spans()
  const batches = all.filter(({ name }) => name === 'batch')
  const [first] = batches
  if (first === undefined) throw new Error('no span of a batch')
  const sum = batches.reduce((total, each) => total + Number(attributesOf(each).inserted), 0)
  expect(sum).toBe(2)
  expect(attributesOf(first)).toMatchObject({
    topic: topic.name,
    partition: '1',
    first_offset: '0',
    rejected: '0',
  })
  const steps = all.filter(({ parentSpanId }) => parentSpanId === first.spanId)
  expect(steps.map(({ name }) => name).sort()).toEqual(['prepare', 'turn', 'write'])
  expect(received).not.toMatch(/okhdfcbank|chaishop/)
})

test('an activity is a span with its run and attempt', async () => {
  received = ''
  const port = await freePort()
  const worker = startCli(['worker'], {
    ...own.env,
    UPI_METRICS_PORT: String(port),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  })
  await eventually(
    () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok),
    undefined,
    30_000,
  )
  expect((await runCli(['aggregate', '--date', '2026-02-01'], own.env)).code).toBe(0)
  worker.kill()
  expect((await worker.ended).code).toBe(0)
  const activity = spans().find(({ name }) => name.startsWith('activity '))
  if (activity === undefined) throw new Error('no span of an activity')
  expect(attributesOf(activity)).toMatchObject({
    activity: expect.any(String),
    attempt: '1',
    workflow_id: expect.stringContaining('2026-02-01'),
    run_id: expect.any(String),
  })
})

test('a receiver that is away costs the stream nothing and is not spoken of', async () => {
  const said = await topic.withStream(
    async (run) => {
      await topic.send(0, 500)
      await topic.written(500)
      return run
    },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
  )
  expect(said.stderr).not.toMatch(/127\.0\.0\.1:1\b|OTLP|otel/i)
})
