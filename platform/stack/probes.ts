import { connect, type Socket } from 'node:net'
import type { ExternalKafka } from './options.ts'

/*
 * Probes throw until what they ask is there. HTTP and Kafka are asked by hand over a plain socket: node:http alone
 * would cost the supervisor 14 MB of memory for ever, kafkajs 10.
 */

/** Throws unless the address accepts a connection. */
export async function probeTcp(host: string, port: number): Promise<void> {
  const socket = await open(host, port, PROBE_MS_MAX)
  socket.destroy()
}

/** Throws unless a plain http URL answers 2xx. */
export async function probeHttp(url: string, msMax = PROBE_MS_MAX): Promise<void> {
  const { hostname, port, pathname, search, host } = new URL(url)
  const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
  const address = { host: hostname, port: Number(port || 80) }
  const answer = await exchange(address, Buffer.from(request), msMax)
  const [, status] = /^HTTP\/1\.\d (\d{3})/.exec(answer.toString('latin1')) ?? []
  if (status === undefined) throw new Error(`${pathname} gives no answer`)
  if (!(Number(status) < 300)) throw new Refusal(`${pathname} answers ${status}`)
}

/** Throws unless a plain http URL answers anything in time: who says no lives. */
export async function probeAnswer(url: string, msMax: number): Promise<void> {
  await probeHttp(url, msMax).catch((fault: Error) => {
    if (!(fault instanceof Refusal)) throw fault
  })
}

class Refusal extends Error {}

/** Throws unless a web server beyond this machine answers, whatever it thinks of the question. */
export async function probeWeb(url: string, auth?: string): Promise<void> {
  const basic = auth === undefined ? undefined : Buffer.from(auth).toString('base64')
  const headers = basic === undefined ? {} : { authorization: `Basic ${basic}` }
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(PROBE_MS_MAX) })
  await response.body?.cancel()
  if (response.status >= 500) throw new Error(`answers ${response.status}`)
}

/** Throws unless a database answers a query. */
export async function probePostgres(connectionString: string, msMax = PROBE_MS_MAX): Promise<void> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: msMax,
    query_timeout: msMax,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
  } finally {
    await client.end().catch(() => {})
  }
}

/** Throws unless a plain broker names itself and its controller in answer to a metadata request. */
export async function probeKafka(host: string, port: number): Promise<void> {
  const { brokers, controllerId } = readMetadata(await askKafka(host, port))
  if (brokers === 0 || controllerId < 0) throw new Error('the broker is not registered yet')
}

/** What a plain broker answers to a metadata request, whatever it is; throws when it answers nothing. */
export async function askKafka(host: string, port: number, msMax = PROBE_MS_MAX): Promise<Buffer> {
  const isWhole = (bytes: Buffer) => bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)
  const answer = await exchange({ host, port }, METADATA_REQUEST, msMax, isWhole)
  if (!isWhole(answer)) throw new Error('no answer')
  return answer
}

/** Throws unless a cluster beyond this machine answers, by whatever TLS and SASL it wants. */
export async function probeExternalKafka(external: ExternalKafka): Promise<void> {
  const { Kafka, logLevel } = await import('kafkajs')
  const { brokers, ssl, sasl } = external
  const admin = new Kafka({
    clientId: 'upi-supervisor',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: PROBE_MS_MAX,
    retry: { retries: 0 },
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl: sasl as { mechanism: 'plain' } & typeof sasl }),
  }).admin()
  try {
    await admin.connect()
    await admin.describeCluster()
  } finally {
    await admin.disconnect()
  }
}

/** The number of brokers and the controller in a Metadata response of version 1, size first. */
export function readMetadata(bytes: Buffer): { brokers: number; controllerId: number } {
  let at = 8
  const brokers = bytes.readInt32BE(at)
  at += 4
  for (let broker = 0; broker < brokers; broker += 1) {
    at += 4
    at = skipString(bytes, at) + 4
    at = skipString(bytes, at)
  }
  return { brokers, controllerId: bytes.readInt32BE(at) }
}

function skipString(bytes: Buffer, at: number): number {
  return at + 2 + Math.max(0, bytes.readInt16BE(at))
}

/** What one probe may take; a server that hangs counts as one that does not answer. */
const PROBE_MS_MAX = 5_000

// Size, key 3 (Metadata), version 1, correlation 1, client id "upi", no topics asked for.
const METADATA_REQUEST = Buffer.from('00000011000300010000000100037570690000' + '0000', 'hex')

// The time is for all of it: who sends a byte now and then does not answer either.
async function open(host: string, port: number, msMax: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect({ host, port })
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), msMax)
  socket.once('connect', () => resolve(socket))
  socket.once('close', () => clearTimeout(timer))
  socket.on('error', reject)
  return promise
}

async function exchange(
  address: { host: string; port: number },
  request: Buffer,
  msMax: number,
  isWhole: (bytes: Buffer) => boolean = () => false,
): Promise<Buffer> {
  const socket = await open(address.host, address.port, msMax)
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  let bytes: Buffer = Buffer.alloc(0)
  socket.on('error', reject)
  socket.on('close', () => resolve(bytes))
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    if (isWhole(bytes)) socket.destroy()
  })
  socket.write(request)
  return promise
}
