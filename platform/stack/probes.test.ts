import { createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import {
  probeAnswer,
  probeHttp,
  probeKafka,
  probePostgres,
  probeTcp,
  readMetadata,
} from './probes.ts'

const servers: ReturnType<typeof createServer>[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

test('an http probe is content with 2xx and names any other status', async () => {
  const port = await answering('HTTP/1.1 204 No Content\r\n\r\n')
  await expect(probeHttp(`http://127.0.0.1:${port}/readyz`)).resolves.toBeUndefined()
  const other = await answering('HTTP/1.1 503 Service Unavailable\r\n\r\n')
  await expect(probeHttp(`http://127.0.0.1:${other}/readyz`)).rejects.toThrow('/readyz answers 503')
})

test('a connection that closes without an answer is no answer', async () => {
  const port = await answering('')
  await expect(probeHttp(`http://127.0.0.1:${port}/readyz`)).rejects.toThrow(
    '/readyz gives no answer',
  )
})

test('who sends a byte now and then gives no answer either', async () => {
  const port = await serving((socket) => {
    const trickle = setInterval(() => socket.write('.'), 20)
    socket.once('close', () => clearInterval(trickle))
  })
  await expect(probeAnswer(`http://127.0.0.1:${port}/`, 200)).rejects.toThrow('no answer')
})

test('a database that lets one in and answers no query is no answer', async () => {
  const port = await serving((socket) => {
    // R: you are who you say. Z: ask.
    socket.once('data', () => socket.write(Buffer.from('5200000008000000005a0000000549', 'hex')))
  })
  const url = `postgres://upi@127.0.0.1:${port}/upi`
  await expect(probePostgres(url, 200)).rejects.toThrow('timeout')
})

test('a port where nobody listens refuses every probe', async () => {
  const port = await answering('')
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done))
  await expect(probeTcp('127.0.0.1', port)).rejects.toThrow('ECONNREFUSED')
  await expect(probeKafka('127.0.0.1', port)).rejects.toThrow('ECONNREFUSED')
})

test('a metadata response tells the number of brokers and the controller', () => {
  const broker = Buffer.from(
    `00000001${'0009'}${Buffer.from('127.0.0.1').toString('hex')}00006e29ffff`,
    'hex',
  )
  const head = Buffer.from('0000000000000001', 'hex')
  const one = Buffer.concat([
    head,
    Buffer.from('00000001', 'hex'),
    broker,
    Buffer.from('00000001', 'hex'),
  ])
  expect(readMetadata(one)).toEqual({ brokers: 1, controllerId: 1 })
  const none = Buffer.concat([head, Buffer.from('00000000ffffffff', 'hex')])
  expect(readMetadata(none)).toEqual({ brokers: 0, controllerId: -1 })
})

async function answering(text: string): Promise<number> {
  return await serving((socket) => socket.once('data', () => socket.end(text)))
}

async function serving(serve: (socket: Socket) => unknown): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  servers.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
