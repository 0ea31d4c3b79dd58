import { type AddressInfo, createServer } from 'node:net'

/** Lends the address of a server that takes every connection and never says a word, as one that hangs does. */
export async function withSilentServer(work: (address: string) => Promise<void>): Promise<void> {
  // Reads, so that it sees when the other side has gone.
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    await new Promise((closed) => server.close(closed))
  }
}
