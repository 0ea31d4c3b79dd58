import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { TrafficMessage } from '../core/traffic/traffic.ts'
import type { MessageEncoder } from './message-encoder.ts'
import type { OutgoingMessage, TopicProducer } from './producer.ts'
import type { Outlet } from './traffic-feed.ts'

/** What has gone out. */
export interface Tally {
  messages: number
  bytes: number
}

/** Undefined leaves plain JSON as the traffic writes it. */
type TrafficEncoder = MessageEncoder | undefined

/** Sends traffic to a topic. What is malformed on purpose is sent as it stands, whatever the framing. */
export function topicOutlet(producer: TopicProducer, encode: TrafficEncoder, tally: Tally): Outlet {
  return async (messages) => {
    const outgoing = messages.map((message) => ({
      key: message.key,
      value: bytesOf(message, encode),
    }))
    await producer.send(outgoing)
    count(outgoing, tally)
  }
}

/**
 * Writes the values as lines of JSON. A value that is not JSON on one line stands as {"$base64": "…"}; no value at all
 * as {"$base64": null}.
 */
export function lineOutlet(stream: Writable, encode: TrafficEncoder, tally: Tally): Outlet {
  return async (messages) => {
    const outgoing = messages.map((message) => ({ key: null, value: bytesOf(message, encode) }))
    const lines = messages.map((message, i) => {
      const value = (outgoing[i] as OutgoingMessage).value
      return message.message !== null && typeof value === 'string' ? value : lineOf(value)
    })
    if (!stream.write(`${lines.join('\n')}\n`)) await once(stream, 'drain')
    count(outgoing, tally)
  }
}

function bytesOf(traffic: TrafficMessage, encode: TrafficEncoder): OutgoingMessage['value'] {
  const { message } = traffic
  if (message !== null && encode !== undefined) return encode(message)
  const { value } = traffic
  return value instanceof Uint8Array ? Buffer.from(value) : value
}

function lineOf(value: OutgoingMessage['value']): string {
  if (typeof value === 'string' && isJsonLine(value)) return value
  return JSON.stringify({ $base64: value === null ? null : Buffer.from(value).toString('base64') })
}

function isJsonLine(text: string): boolean {
  if (text.includes('\n')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function count(outgoing: readonly OutgoingMessage[], tally: Tally): void {
  tally.messages += outgoing.length
  for (const { value } of outgoing) {
    if (value !== null)
      tally.bytes += typeof value === 'string' ? Buffer.byteLength(value) : value.length
  }
}
