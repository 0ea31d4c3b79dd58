import { connect, createServer, type Server } from 'node:net'

/**
 * Forwards TCP: `forward-ports.ts 5432=postgres:5432 …` listens on the port before the equals sign and connects each
 * caller to the address after it. Compose cannot publish a service's port for one profile only; a container of that
 * profile which forwards to the service can be published.
 */
export async function forwardPort(rule: string): Promise<Server> {
  const [, port, host, target] = /^(\d+)=([^:]+):(\d+)$/.exec(rule) ?? []
  if (port === undefined || host === undefined) {
    throw new Error(`'${rule}' is not of the form 5432=postgres:5432`)
  }
  // A caller that has said all may still wait for the answer.
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    const service = connect({ port: Number(target), host, allowHalfOpen: true })
    // An error is always followed by close; what one side has sent still reaches the other.
    caller.on('error', () => {}).on('close', () => service.destroySoon())
    service.on('error', () => {}).on('close', () => caller.destroySoon())
    caller.pipe(service).pipe(caller)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(port), resolve)
  })
  return server
}

if (import.meta.main) {
  const servers = await Promise.all(process.argv.slice(2).map(forwardPort))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      for (const server of servers) server.close()
      process.exit(0)
    })
  }
}
