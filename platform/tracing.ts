import { TRACE_ANSWER_MS_MAX, TRACE_SPANS_QUEUED_MAX } from '../core/limits.ts'
import type { Config } from './config.ts'
import { hostOf, refusePlaintext } from './transport.ts'

/** Tells of work that is over, beside the work: it never waits for a receiver and never fails by one. */
export interface Tracing {
  record(span: Span): void
  /** Sends what waits, up to a limit of time. */
  close(): Promise<void>
}

/** Work that has ended just now: ids and counts, never data of people. */
export interface Span {
  readonly name: string
  readonly ms: number
  readonly attributes: Readonly<Record<string, string | number>>
  /** What it was made of, one after the other, the last until its end. */
  readonly steps?: readonly { readonly name: string; readonly ms: number }[]
  /** The code of what it failed of. */
  readonly fault?: string
}

/** Opens traces to where the settings say; undefined, and no library is loaded, where they say nothing. */
export async function openTracing(
  config: Config,
  { process, version }: { process: string; version: string },
): Promise<Tracing | undefined> {
  const { otlpEndpoint } = config
  if (otlpEndpoint === undefined) return undefined
  const url = new URL(otlpEndpoint)
  if (url.protocol !== 'https:') refusePlaintext(config, 'OpenTelemetry', hostOf(url.hostname))
  const [api, { BatchSpanProcessor, TracerProvider }, { resourceFromAttributes }, exporters] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ])
  const exporter = new exporters.OTLPTraceExporter({
    url: `${otlpEndpoint}/v1/traces`,
    timeoutMillis: TRACE_ANSWER_MS_MAX,
    concurrencyLimit: 1,
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `upi-${process}`,
      'service.version': version,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: TRACE_SPANS_QUEUED_MAX,
        exportTimeoutMillis: TRACE_ANSWER_MS_MAX,
      }),
    ],
  })
  const tracer = provider.getTracer('upi')

  return {
    record({ name, ms, attributes, steps = [], fault }) {
      const endTime = performance.timeOrigin + performance.now()
      const root = api.ROOT_CONTEXT
      const span = tracer.startSpan(name, { startTime: endTime - ms, attributes }, root)
      const around = api.trace.setSpan(root, span)
      let stepEnd = endTime
      for (const step of steps.toReversed()) {
        const startTime = stepEnd - step.ms
        tracer.startSpan(step.name, { startTime }, around).end(stepEnd)
        stepEnd = startTime
      }
      if (fault !== undefined) {
        span.setStatus({ code: api.SpanStatusCode.ERROR, message: fault })
      }
      span.end(endTime)
    },
    async close() {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, TRACE_ANSWER_MS_MAX)
      await Promise.race([provider.shutdown().catch(() => {}), late.promise])
      clearTimeout(timer)
    },
  }
}
