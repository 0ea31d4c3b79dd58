import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { UpiError } from '../core/errors.ts'
import { createLogger } from '../platform/telemetry.ts'
import { type Outside, waitOut } from './wait-out.ts'

const log = createLogger({ process: 'test', level: 'fatal', pretty: false })
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const dropped = new kafkajs.KafkaJSConnectionError('Connection error', {
  broker: 'a.example:9092',
  code: 'ECONNREFUSED',
})

test.each<[Outside, string, unknown]>([
  ['postgres', 'refused its connection', refused],
  ['postgres', 'has ended a deadlock', Object.assign(new Error('out'), { code: '40P01' })],
  ['postgres', 'could not serialize', Object.assign(new Error('out'), { code: '40001' })],
  ['postgres', 'is short of locks', Object.assign(new Error('out'), { code: '53200' })],
  ['postgres', 'was busy', new UpiError('POSTGRES_BUSY', 'moved')],
  ['kafka', 'refused its connection', dropped],
  [
    'kafka',
    'was tried in vain',
    new kafkajs.KafkaJSNumberOfRetriesExceeded(dropped, { retryCount: 3, retryTime: 300 }),
  ],
  ['kafka', 'is away by our own word', new UpiError('KAFKA_UNAVAILABLE', 'away')],
])('of two servers that are asked it is %s that %s', async (outside, _, fault) => {
  const enough = new AbortController()
  const told: unknown[] = []
  const say = (awaited: Outside) => {
    told.push(awaited)
    enough.abort()
  }
  const fail = () => Promise.reject(fault)
  await waitOut('told by the fault', fail, { log, signal: enough.signal, say })
  expect(told).toEqual([outside])
})
