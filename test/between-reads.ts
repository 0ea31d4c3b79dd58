import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

type Env = Readonly<Record<string, string>>

/**
 * Lets a command read the stored offsets and the log through doors of this process, and does something between the two,
 * whichever is read first: when the second is asked, the question waits until that is done.
 */
export async function betweenReads<T>(
  env: Env,
  act: () => Promise<unknown>,
  command: (env: Env) => Promise<T>,
): Promise<T> {
  const asked = new Set<Door>()
  let acted: Promise<unknown> | undefined
  const hold = async (door: Door, chunk: Buffer) => {
    if (chunk.includes(door.question)) asked.add(door)
    if (asked.size < 2) return
    acted ??= act()
    await acted
  }
  const url = new URL(env.INGEST_DATABASE_URL as string)
  const [broker = ''] = (env.KAFKA_BROKERS as string).split(',')
  const postgres = await openDoor({ address: url.host, question: 'ops.stream_offsets' }, hold)
  const kafka = await openDoor({ address: broker, question: '' }, hold)
  url.host = addressOf(postgres)
  try {
    const value = await command({
      ...env,
      INGEST_DATABASE_URL: url.href,
      KAFKA_BROKERS: addressOf(kafka),
    })
    if (acted === undefined) throw new Error('the command did not read from both')
    await acted
    return value
  } finally {
    for (const door of [postgres, kafka]) door.close()
  }
}

/** What stands before a server; by what is in it the question that counts is known. */
interface Door {
  readonly address: string
  readonly question: string
}

async function openDoor(
  door: Door,
  hold: (door: Door, chunk: Buffer) => Promise<void>,
): Promise<Server> {
  const [host, port] = door.address.split(':')
  const server = createServer((client) => {
    const behind = connect({ host, port: Number(port) } as { host: string; port: number })
    behind.pipe(client)
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
    pass(client, behind, (chunk) => hold(door, chunk)).catch(() => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function pass(from: Socket, to: Socket, hold: (chunk: Buffer) => Promise<void>) {
  for await (const chunk of from) {
    await hold(chunk)
    to.write(chunk)
  }
}

function addressOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
