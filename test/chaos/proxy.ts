import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A moment at which a connection can be interfered with. */
export type Moment = 'in write' | 'after commit'

// Smaller than what a batch sends, larger than what begins or ends it.
const WRITE_BYTES_MIN = 2_048
// The tag by which Postgres says that a transaction is committed.
const COMMITTED = Buffer.from('COMMIT\0')

/** Stands between one worker and Postgres, and can cut, freeze or swallow what passes. */
export class CutProxy {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #links = new Set<Link>()
  #armed: { readonly moment: Moment; readonly act: (link: Link) => void } | undefined
  #isFrozen = false

  private constructor(target: { host: string; port: number }) {
    this.#target = target
    this.#server = createServer((client) => this.#accept(client))
  }

  static async open(target: { host: string; port: number }): Promise<CutProxy> {
    const proxy = new CutProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The ports by which Postgres knows these connections. */
  get clientPorts(): number[] {
    return [...this.#links].flatMap(({ server }) => server.localPort ?? [])
  }

  /** Acts upon the next connection that comes to this moment; false when none does in time. */
  async at(moment: Moment, act: (link: Link) => void, msMax: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const armed = {
      moment,
      act: (link: Link) => {
        this.#armed = undefined
        act(link)
        resolve(true)
      },
    }
    this.#armed = armed
    const timer = setTimeout(() => {
      if (this.#armed === armed) this.#armed = undefined
      resolve(false)
    }, msMax)
    return promise.finally(() => clearTimeout(timer))
  }

  /** Resets every connection; says how many there were. */
  cut(): number {
    const links = [...this.#links]
    for (const link of links) link.reset()
    return links.length
  }

  /** Lets nothing pass any more, or all again. */
  freeze(isFrozen: boolean): void {
    this.#isFrozen = isFrozen
    for (const { client, server } of this.#links) {
      for (const socket of [client, server]) isFrozen ? socket.pause() : socket.resume()
    }
  }

  /** Swallows what connections send from now on, and their ends; gives what resets them. */
  swallow(): () => void {
    const links = [...this.#links]
    for (const link of links) link.isSwallowed = true
    return () => {
      for (const link of links) link.reset()
    }
  }

  async close(): Promise<void> {
    this.cut()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    const server = connect(this.#target)
    const link = new Link(client, server)
    this.#links.add(link)
    client.on('data', (chunk) => this.#pass(link, chunk, 'in write'))
    server.on('data', (chunk) => this.#pass(link, chunk, 'after commit'))
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        if (link.isSwallowed) return
        link.reset()
      })
    }
    link.onReset = () => this.#links.delete(link)
    if (this.#isFrozen) this.freeze(true)
  }

  #pass(link: Link, chunk: Buffer, moment: Moment): void {
    if (link.isSwallowed) return
    const to = moment === 'in write' ? link.server : link.client
    const isMet =
      moment === 'in write' ? chunk.length >= WRITE_BYTES_MIN : chunk.includes(COMMITTED)
    if (this.#armed?.moment !== moment || !isMet) {
      to.write(chunk)
      return
    }
    // Of what is sent half arrives; of what is answered nothing.
    if (moment === 'in write') to.write(chunk.subarray(0, chunk.length / 2))
    const { act } = this.#armed
    act(link)
    if (moment === 'in write' && !link.isReset)
      link.client.unshift(chunk.subarray(chunk.length / 2))
    else if (!link.isReset) to.write(chunk)
  }
}

/** One connection through the proxy. */
export class Link {
  readonly client: Socket
  readonly server: Socket
  isSwallowed = false
  isReset = false
  onReset = () => {}

  constructor(client: Socket, server: Socket) {
    this.client = client
    this.server = server
  }

  /** Keeps back what the client sends; gives what lets it pass again. */
  hold(): () => void {
    this.client.pause()
    return () => this.client.resume()
  }

  reset(): void {
    if (this.isReset) return
    this.isReset = true
    this.client.resetAndDestroy()
    this.server.resetAndDestroy()
    this.onReset()
  }
}
