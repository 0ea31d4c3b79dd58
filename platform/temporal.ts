import {
  Client,
  Connection,
  type TLSConfig,
  type WorkflowHandle,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import type { NativeConnection } from '@temporalio/worker'
import { UpiError } from '../core/errors.ts'
import type { Config, Needed } from './config.ts'
import { TEMPORAL_SEARCH_ATTRIBUTES } from './stack/settings.ts'
import type { Logger } from './telemetry.ts'
import { hostOf, readTlsFiles, refusePlaintext } from './transport.ts'

type TemporalConfig = Needed<'temporalAddress'>

const CONNECT_MS_MAX = 3_000
// A worker answers in milliseconds; but the server waits for ten seconds for one that had the run and is gone.
const ANSWER_MS_MAX = 15_000

/** A client of the namespace and the connection under it, which the caller closes. */
export interface TemporalClient {
  readonly client: Client
  readonly connection: Connection
}

/** Connects a client, which starts, describes and awaits runs. */
export async function connectClient(
  config: TemporalConfig,
  connectMsMax = CONNECT_MS_MAX,
): Promise<TemporalClient> {
  try {
    const connection = await Connection.connect({
      ...connectionOptions(config),
      connectTimeout: connectMsMax,
    })
    return { connection, client: new Client({ connection, namespace: config.temporalNamespace }) }
  } catch (cause) {
    throw temporalFault(cause, config)
  }
}

/**
 * Connects a worker and makes sure of the search attributes that its workflows set. The native library is loaded here
 * and not before: commands do without its 60 MB.
 */
export async function connectWorker(
  config: TemporalConfig,
  log: Logger,
): Promise<NativeConnection> {
  const { NativeConnection } = await import('@temporalio/worker')
  try {
    const connection = await NativeConnection.connect(connectionOptions(config))
    await ensureSearchAttributes(connection, config.temporalNamespace, log)
    return connection
  } catch (cause) {
    throw temporalFault(cause, config)
  }
}

/** Turns what the client throws when the server is away or refuses us into the error that says so; others pass. */
export function temporalFault(
  cause: unknown,
  config: Pick<TemporalConfig, 'temporalAddress' | 'temporalNamespace'>,
): unknown {
  if (cause instanceof UpiError) return cause
  const at = `Temporal at ${config.temporalAddress}`
  const reason = grpcCodeOf(cause)
  if (/namespace.*not found/i.test(detailOf(cause))) {
    return new UpiError('TEMPORAL_REFUSED', `${at} has no namespace ${config.temporalNamespace}`, {
      fix: 'create it, or set TEMPORAL_NAMESPACE',
      cause,
    })
  }
  if (reason === GRPC.PERMISSION_DENIED || reason === GRPC.UNAUTHENTICATED) {
    return new UpiError('TEMPORAL_REFUSED', `${at} refuses us: ${detailOf(cause)}`, {
      fix: 'check TEMPORAL_API_KEY and the TEMPORAL_TLS settings',
      cause,
    })
  }
  if (!isAway(cause, reason)) return cause
  return new UpiError('TEMPORAL_UNAVAILABLE', `${at} does not answer`, {
    fix: 'see ./upi status, or check TEMPORAL_ADDRESS and the TEMPORAL_TLS settings',
    cause,
  })
}

/** Asks a run what only a worker can answer, and says so if none does: the server itself would wait for one. */
export async function askRun<T>(
  { client, workflowId }: Pick<WorkflowHandle, 'client' | 'workflowId'>,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_MS_MAX, ask)
  } catch (cause) {
    const isUnanswered =
      cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
      UNANSWERED.includes(grpcCodeOf(cause))
    if (!isUnanswered) throw cause
    throw new UpiError('WORKER_UNAVAILABLE', `no worker answers for ${workflowId}`, {
      fix: 'start one with ./upi worker, and ask again',
      cause,
    })
  }
}

/**
 * Makes sure that the search attributes exist: a workflow that sets an unknown one is stuck. Where a client may not
 * look or add (Temporal Cloud), the operator has to; that is logged and not an error.
 */
export async function ensureSearchAttributes(
  { operatorService }: Pick<Connection, 'operatorService'>,
  namespace: string,
  log: Logger,
): Promise<void> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace })
    const missing = Object.entries(TEMPORAL_SEARCH_ATTRIBUTES).filter(
      ([name]) => customAttributes[name] === undefined,
    )
    if (missing.length === 0) return
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(([name]) => [name, INDEXED_KEYWORD])),
    })
    log.info({ names: missing.map(([name]) => name) }, 'search attributes added')
  } catch (err) {
    // Another process has added them between our two calls.
    if (grpcCodeOf(err) === GRPC.ALREADY_EXISTS) return
    if (!NOT_FOR_CLIENTS.includes(grpcCodeOf(err))) throw err
    const names = Object.keys(TEMPORAL_SEARCH_ATTRIBUTES)
    log.warn(
      { names, reason: detailOf(err) },
      'search attributes could not be checked; they must exist as Keyword',
    )
  }
}

const GRPC = {
  CANCELLED: 1,
  DEADLINE_EXCEEDED: 4,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const

// In time, in the words of the server or of the client; or because the server has not seen a worker for a while.
const UNANSWERED: readonly (number | undefined)[] = [
  GRPC.CANCELLED,
  GRPC.DEADLINE_EXCEEDED,
  GRPC.FAILED_PRECONDITION,
]

const NOT_FOR_CLIENTS: readonly (number | undefined)[] = [
  GRPC.PERMISSION_DENIED,
  GRPC.UNIMPLEMENTED,
  GRPC.UNAUTHENTICATED,
]

// temporal.api.enums.v1.IndexedValueType
const INDEXED_KEYWORD = 2

/** Where Temporal is and how it is reached, as client and worker take it. */
export function connectionOptions(config: TemporalConfig) {
  const tls = tlsOf(config)
  if (tls === undefined) refusePlaintext(config, 'Temporal', hostOf(config.temporalAddress))
  return {
    address: config.temporalAddress,
    ...(tls === undefined ? {} : { tls }),
    ...(config.temporalApiKey === undefined ? {} : { apiKey: config.temporalApiKey }),
  }
}

function tlsOf(config: Config): TLSConfig | undefined {
  const { temporalTlsServerName: serverName, temporalApiKey: apiKey } = config
  const { ca, cert, key } = readTlsFiles(config, {
    ca: 'temporalTlsCa',
    cert: 'temporalTlsCert',
    key: 'temporalTlsKey',
  })
  const isOff = [ca, cert, serverName, apiKey].every((each) => each === undefined)
  if (isOff && !config.temporalTls) return undefined
  return {
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
    ...(ca === undefined ? {} : { serverRootCACertificate: Buffer.from(ca) }),
    ...(cert === undefined || key === undefined
      ? {}
      : { clientCertPair: { crt: Buffer.from(cert), key: Buffer.from(key) } }),
  }
}

function isAway(cause: unknown, code: number | undefined): boolean {
  if (code === GRPC.UNAVAILABLE || code === GRPC.DEADLINE_EXCEEDED) return true
  const { name, message } = (cause ?? {}) as Error
  return name === 'TransportError' || /failed to connect|connection refused/i.test(message ?? '')
}

// Client errors carry the gRPC status on their cause, those of the native library on themselves.
function grpcCodeOf(error: unknown): number | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'number') return code
  return cause === undefined ? undefined : grpcCodeOf(cause)
}

function detailOf(error: unknown): string {
  const { details, message, cause } = (error ?? {}) as Error & { details?: string }
  if (details !== undefined && details !== '') return details
  return cause instanceof Error ? detailOf(cause) : (message ?? String(error))
}
