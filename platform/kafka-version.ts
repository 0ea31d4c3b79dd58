import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { UpiError } from '../core/errors.ts'
import type { Needed } from './config.ts'
import { kafkaAccess } from './kafka.ts'

// The oldest that can read and write all that is compressed here: zstd came with it.
const FETCH_VERSION_MIN = 10

// Brokers tell what they understand and not what they are; Fetch has changed with many releases.
const RELEASES = [
  { fetch: 18, name: '4.1' },
  { fetch: 17, name: '3.9' },
  { fetch: 16, name: '3.7' },
  { fetch: 15, name: '3.5' },
  { fetch: 13, name: '3.1' },
  { fetch: 12, name: '2.7' },
  { fetch: 11, name: '2.3' },
  { fetch: FETCH_VERSION_MIN, name: '2.1' },
] as const

/** Asks one broker what it understands, and says which release of Kafka does so first; too old a one is refused. */
export async function readKafkaVersion(
  config: Needed<'kafkaBrokers'>,
  answerMsMax: number,
): Promise<string> {
  const versions = readVersions(await askVersions(config, answerMsMax))
  const fetch = versions.get(FETCH)?.max ?? 0
  const release = RELEASES.find((each) => fetch >= each.fetch)
  if (release !== undefined) return `Kafka ${release.name} or newer`
  throw new UpiError('KAFKA_REFUSED', 'the brokers are older than Kafka 2.1', {
    fix: 'run Kafka 2.1 or newer; 4.3 is what this is tested with',
  })
}

/** The versions of each request in an answer to ApiVersions of version 0, size first. */
export function readVersions(bytes: Buffer): Map<number, { min: number; max: number }> {
  const count = bytes.readInt32BE(10)
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const at = 14 + index * 6
      const [min, max] = [bytes.readInt16BE(at + 2), bytes.readInt16BE(at + 4)]
      return [bytes.readInt16BE(at), { min, max }]
    }),
  )
}

const FETCH = 1
// Size, key 18 (ApiVersions), version 0, correlation 1, client id "upi". Brokers answer it before anybody has logged in.
const REQUEST = Buffer.from('0000000d00120000000000010003757069', 'hex')

async function askVersions(config: Needed<'kafkaBrokers'>, answerMsMax: number): Promise<Buffer> {
  const { brokers, ssl } = kafkaAccess(config)
  const { hostname, port } = new URL(`tcp://${brokers[0]}`)
  const host = hostname.replace(/^\[|\]$/g, '')
  const address = { host, port: Number(port) }
  const socket = ssl === undefined ? connect(address) : connectTls({ ...address, ...ssl })
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  let bytes: Buffer = Buffer.alloc(0)
  socket.setTimeout(answerMsMax, () => socket.destroy(new Error('no answer')))
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('the connection was closed without an answer')))
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) resolve(bytes)
  })
  socket.write(REQUEST)
  return await promise.finally(() => socket.destroy())
}
