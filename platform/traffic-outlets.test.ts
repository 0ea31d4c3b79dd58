import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import type { UpiMessage } from '../core/message.ts'
import type { TrafficMessage } from '../core/traffic/traffic.ts'
import { lineOutlet } from './traffic-outlets.ts'

const MESSAGE = { txn_id: 'T1', payer: 'a.b@c.d', payee: 'e.f@g.h', amount: '1.00' } as UpiMessage

function spoiled(value: TrafficMessage['value']): TrafficMessage {
  return { at: 0, key: null, value, message: null, fault: null }
}

async function linesOf(messages: TrafficMessage[], encode?: (message: UpiMessage) => Buffer) {
  let text = ''
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  const tally = { messages: 0, bytes: 0 }
  await lineOutlet(stream, encode, tally)(messages)
  return { lines: text.split('\n').slice(0, -1), tally }
}

test('JSON stands on a line as it is, everything else in an envelope', async () => {
  const good = { at: 0, key: 'T1', value: JSON.stringify(MESSAGE), message: MESSAGE, fault: null }
  const values = ['PING', '', null, '[1]', '{"a":\n1}', Uint8Array.of(0, 255)]
  const { lines, tally } = await linesOf([good, ...values.map(spoiled)])
  expect(lines).toEqual([
    JSON.stringify(MESSAGE),
    '{"$base64":"UElORw=="}',
    '{"$base64":""}',
    '{"$base64":null}',
    '[1]',
    '{"$base64":"eyJhIjoKMX0="}',
    '{"$base64":"AP8="}',
  ])
  expect(tally).toEqual({ messages: 7, bytes: JSON.stringify(MESSAGE).length + 4 + 3 + 8 + 2 })
})

test('framed values are enveloped, and what is spoiled is not framed', async () => {
  const good = { at: 0, key: 'T1', value: '{}', message: MESSAGE, fault: null }
  const { lines } = await linesOf([good, spoiled('42')], () => Buffer.of(0, 0, 0, 0, 7, 1))
  expect(lines).toEqual(['{"$base64":"AAAAAAcB"}', '42'])
})
