import { UpiError } from '../core/errors.ts'
import type { UpiMessage } from '../core/message.ts'
import { findId, messageSubjects, type Subject } from './message-subjects.ts'
import { type Registry, registryAway } from './registry.ts'

export const FRAMINGS = ['plain', 'json', 'avro'] as const

/** How a producer writes a message: bare JSON, or JSON or Avro behind the id of its schema. */
export type Framing = (typeof FRAMINGS)[number]

/** Turns a message into the bytes of a Kafka value. It trusts the message's type; nothing is validated. */
export type MessageEncoder = (message: UpiMessage) => Buffer

/** Makes the encoder of a framing; the id of the schema is fetched once, here. */
export async function createEncoder(
  framing: Exclude<Framing, 'plain'>,
  { registry, topic }: { registry: Registry; topic: string },
): Promise<MessageEncoder> {
  return createSubjectEncoder(registry, messageSubjects(topic)[framing])
}

/** Makes the encoder of a subject's schema, which must be registered. */
export async function createSubjectEncoder(
  registry: Registry,
  subject: Subject,
): Promise<MessageEncoder> {
  const id = await findId(registry, subject)
  if (id === undefined) {
    throw new UpiError('SCHEMA_UNREGISTERED', `${subject.name} lacks this version's schema`, {
      fix: './upi schema register',
    })
  }
  if (subject.type === 'JSON') return (message) => frameText(id, JSON.stringify(message))
  const codec = await registry.client.getSchema(id).catch((cause: Error) => {
    throw registryAway(registry.url, cause.message, cause)
  })
  return (message) => frameBytes(id, codec.toBuffer(message))
}

// The zero byte by which a frame is known, and the id of its schema.
const FRAME_BYTES = 5

function frameBytes(id: number, body: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_BYTES + body.length)
  writeFrame(framed, id)
  body.copy(framed, FRAME_BYTES)
  return framed
}

function frameText(id: number, body: string): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_BYTES + Buffer.byteLength(body))
  writeFrame(framed, id)
  framed.write(body, FRAME_BYTES)
  return framed
}

function writeFrame(framed: Buffer, id: number): void {
  framed[0] = 0
  framed.writeUInt32BE(id, 1)
}
