import { createServer } from 'node:http'
import { UpiError } from '../core/errors.ts'

/** What /metrics shows; a Registry of prom-client is one. */
export interface MetricsText {
  readonly contentType: string
  metrics(): Promise<string>
}

export interface HealthServer {
  close(): Promise<void>
}

/**
 * Serves /healthz (the process lives), /readyz (it does its work; the reason when not) and /metrics of one process.
 * `readiness` returns undefined when ready, else the sentence to show. /loglevel says at what level it logs now.
 */
export async function serveHealth(options: {
  host: string
  port: number
  metrics?: MetricsText
  readiness: () => Promise<string | undefined> | string | undefined
  log?: { readonly level: string }
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(request.url ?? '', options).then(
      ({ status, body, type }) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new UpiError('PORT_TAKEN', `metrics port ${options.port}: ${cause.message}`, {
          fix: 'set UPI_METRICS_PORT to a free port',
          cause,
        }),
      )
    })
    server.listen(options.port, options.host, resolve)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(url: string, options: Parameters<typeof serveHealth>[0]) {
  const type = 'text/plain; charset=utf-8'
  if (url === '/healthz') return { status: 200, body: 'alive\n', type }
  if (url === '/loglevel' && options.log !== undefined) {
    return { status: 200, body: `${options.log.level}\n`, type }
  }
  if (url === '/readyz') {
    const reason = await options.readiness()
    return { status: reason === undefined ? 200 : 503, body: `${reason ?? 'ready'}\n`, type }
  }
  if (url === '/metrics' && options.metrics !== undefined) {
    const { metrics } = options
    return { status: 200, body: await metrics.metrics(), type: metrics.contentType }
  }
  return { status: 404, body: 'not found\n', type }
}
