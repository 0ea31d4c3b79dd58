import kafkajs, { type Kafka, type LogEntry } from 'kafkajs'
import { UpiError } from '../core/errors.ts'
import type { Config, Needed } from './config.ts'
import { installCodecs } from './kafka-codecs.ts'
import { stopIdleTimer } from './kafkajs-timer.ts'
import type { Logger } from './telemetry.ts'
import { hostOf, isTlsRefusal, lineOf, readTlsFiles, refusePlaintext } from './transport.ts'

const CONNECT_TIMEOUT_MS = 3_000
const REQUEST_TIMEOUT_MS = 30_000

/**
 * Makes a Kafka client from the settings: plain, SSL, SASL or both, and kafkajs's log through ours. With `answerMsMax` it
 * asks once and waits no longer, for whoever only looks.
 */
export function createKafka(
  config: Needed<'kafkaBrokers'>,
  clientId: string,
  log: Logger,
  { answerMsMax }: { readonly answerMsMax?: number } = {},
): Kafka {
  stopIdleTimer()
  installCodecs()
  return new kafkajs.Kafka({
    ...kafkaAccess(config),
    clientId,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: answerMsMax ?? REQUEST_TIMEOUT_MS,
    // Worker and commands back off themselves, so that they can say what they wait for.
    retry: {
      retries: answerMsMax === undefined ? 3 : 0,
      initialRetryTime: 100,
      maxRetryTime: 1_000,
    },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => writeLog(log, entry),
  })
}

/** Where the brokers are and how they are reached: plain data, as kafkajs takes it. */
export function kafkaAccess(config: Needed<'kafkaBrokers'>) {
  const protocol = config.kafkaSecurityProtocol
  const isEncrypted = protocol.endsWith('SSL')
  if (!isEncrypted) {
    for (const broker of config.kafkaBrokers) refusePlaintext(config, 'Kafka', hostOf(broker))
  }
  return {
    brokers: [...config.kafkaBrokers],
    ...(isEncrypted ? { ssl: readTlsFiles(config, TLS_SETTINGS) } : {}),
    ...(protocol.startsWith('SASL') ? { sasl: saslOf(config) } : {}),
  }
}

/** Turns what kafkajs throws when the brokers are away or refuse us into the error that says so; others pass. */
export function kafkaFault(cause: unknown, brokers: readonly string[]): unknown {
  const at = `Kafka at ${brokers.join(', ')}`
  const unreadable = unreadableBatch(cause)
  if (unreadable !== undefined) return unreadable
  if (isKafkaRefusal(cause)) {
    return new UpiError('KAFKA_REFUSED', `${at} refused: ${lineOf(cause)}`, {
      fix: 'check KAFKA_SECURITY_PROTOCOL and the KAFKA_SASL and KAFKA_SSL settings',
      cause,
    })
  }
  const name = (cause as Error | null)?.name ?? ''
  const isAway = /^KafkaJS(Connection|NumberOfRetriesExceeded|BrokerNotFound|RequestTimeout)/.test(
    name,
  )
  if (!isAway) return cause
  return new UpiError('KAFKA_UNAVAILABLE', `${at}: ${lineOf(cause)}`, {
    fix: 'see ./upi status, or check KAFKA_BROKERS and KAFKA_SECURITY_PROTOCOL',
    cause,
  })
}

/** Whether trying again is of no use: certificate, user, password or rights are not what they should be. */
export function isKafkaRefusal(error: unknown): boolean {
  // An error of Postgres' TLS looks the same but for its name.
  if (!(error instanceof Error && error.name.startsWith('KafkaJS'))) return false
  const { name, type } = error as Error & { type?: string }
  if (name === 'KafkaJSSASLAuthenticationError' || REFUSED.test(type ?? '')) return true
  return isTlsRefusal(error) || isKafkaRefusal(error.cause)
}

/** What the broker has called a fault; kafkajs wraps it once or twice. */
export function kafkaTypeOf(fault: unknown): string | undefined {
  const { type, cause } = Object(fault) as { type?: string; cause?: unknown }
  return type ?? (cause === undefined ? undefined : kafkaTypeOf(cause))
}

/** What our codecs have thrown inside of kafkajs, which wraps it. */
export function unreadableBatch(error: unknown): UpiError | undefined {
  if (!(error instanceof Error)) return undefined
  return error instanceof UpiError ? error : unreadableBatch(error.cause)
}

const REFUSED =
  /^(UNSUPPORTED_SASL_MECHANISM|ILLEGAL_SASL_STATE|SASL_AUTHENTICATION_FAILED|[A-Z_]+_AUTHORIZATION_FAILED)$/

const TLS_SETTINGS = { ca: 'kafkaSslCa', cert: 'kafkaSslCert', key: 'kafkaSslKey' } as const

function saslOf(config: Config) {
  const { kafkaSaslUsername: username, kafkaSaslPassword: password } = config
  if (username === undefined || password === undefined) {
    throw new UpiError('CONFIG_INVALID', 'SASL needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD')
  }
  const mechanism = config.kafkaSaslMechanism.toLowerCase()
  // kafkajs tells the mechanisms apart at compile time, the settings only at run time.
  return { mechanism: mechanism as 'plain', username, password }
}

function writeLog(log: Logger, { namespace, level, log: entry }: LogEntry): void {
  const { message, timestamp: _, logger: __, stack: ___, ...fields } = entry
  const line = { client: 'kafkajs', namespace, ...fields }
  // kafkajs calls "error" what it goes on to retry by itself.
  if (level === kafkajs.logLevel.ERROR || level === kafkajs.logLevel.WARN) log.warn(line, message)
  else log.debug(line, message)
}
