import { Progress } from '../../cli/output.ts'
import type { UpiMessage } from '../../core/message.ts'
import { encodeJson } from '../../core/traffic/encode-json.ts'
import { createEncoder, type Framing } from '../../platform/message-encoder.ts'
import { messageSubjects, registerSubject } from '../../platform/message-subjects.ts'
import { type OutgoingMessage, TopicProducer } from '../../platform/producer.ts'
import { createRegistry } from '../../platform/registry.ts'
import { createLogger } from '../../platform/telemetry.ts'
import type { BenchTopic } from './bench-places.ts'
import { emptyTally, type MixedMessage, type MixTally, mixMessages } from './message-mix.ts'

export interface Load {
  readonly count: number
  readonly framing: Framing
  readonly signal: AbortSignal
}

const SEED = 'bench'
const PORTION_MESSAGES = 2_000
const OUTAGE_MS_MAX = 60_000

/** Fills topics with the same messages, made once; says what was sent. */
export async function preload(topics: readonly BenchTopic[], load: Load): Promise<MixTally> {
  const { count, framing, signal } = load
  const outlets = await Promise.all(topics.map((topic) => openOutlet(topic, framing)))
  const progress = new Progress()
  const tally = emptyTally()
  let underway: Promise<unknown> = Promise.resolve()
  try {
    const messages = mixMessages({ seed: SEED, from: eventsFrom(Date.now()), count }, tally)
    for (const portion of portions(messages)) {
      signal.throwIfAborted()
      const sent = Promise.all(outlets.map((outlet) => outlet.send(portion)))
      sent.catch(() => {})
      // One is on its way while the next is made.
      await underway
      underway = sent
      progress.update(`filling the topics: ${tally.messages} of ${count} messages`)
    }
    await underway
  } finally {
    progress.done()
    await Promise.all(outlets.map((outlet) => outlet.close()))
  }
  return tally
}

/** Noon of yesterday in India: a day that is over, and no midnight within hours. */
export function eventsFrom(now: number): number {
  const istMidnight = Math.floor((now + IST_MS) / DAY_MS) * DAY_MS - IST_MS
  return istMidnight - DAY_MS / 2
}

const DAY_MS = 86_400_000
const IST_MS = 19_800_000

function* portions(messages: Iterable<MixedMessage>): Generator<MixedMessage[]> {
  let portion: MixedMessage[] = []
  for (const message of messages) {
    portion.push(message)
    if (portion.length < PORTION_MESSAGES) continue
    yield portion
    portion = []
  }
  yield portion
}

async function openOutlet({ name, config }: BenchTopic, framing: Framing) {
  const encode = await openEncoder({ name, config }, framing)
  const log = createLogger({ process: 'bench', level: 'warn', pretty: false })
  const producer = await TopicProducer.connect(config, {
    clientId: 'upi-bench',
    topic: name,
    outageMsMax: OUTAGE_MS_MAX,
    log,
  })
  const outgoing = ({ key, message, value }: MixedMessage): OutgoingMessage => ({
    key,
    value: message === null ? bytesOf(value) : encode(message),
  })
  return {
    send: (messages: readonly MixedMessage[]) => producer.send(messages.map(outgoing)),
    close: () => producer.close(),
  }
}

async function openEncoder(
  { name, config }: Pick<BenchTopic, 'name' | 'config'>,
  framing: Framing,
): Promise<(message: UpiMessage) => Buffer | string> {
  if (framing === 'plain') return encodeJson
  const registry = createRegistry(config)
  await registerSubject(registry, messageSubjects(name)[framing])
  return createEncoder(framing, { registry, topic: name })
}

function bytesOf(value: MixedMessage['value']): Buffer | string | null {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}
