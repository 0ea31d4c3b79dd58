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
  const server = createServer((caller) => {
    const service = connect(Number(target), host)
    caller.on('error', () => service.destroy()).on('close', () => service.destroy())
    service.on('error', () => caller.destroy()).on('close', () => caller.destroy())
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
