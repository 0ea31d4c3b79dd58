import { setTimeout } from 'node:timers/promises'
import { UpiError } from '../core/errors.ts'
import { isKafkaRefusal, unreadableBatch } from '../platform/kafka.ts'
import { isOutage, outageFix } from '../platform/postgres.ts'
import type { Logger } from '../platform/telemetry.ts'

const BACK_OFF_MS_FIRST = 100
const BACK_OFF_MS_MAX = 5_000

/** What may be away, and how it is called. */
export const OUTSIDES = {
  postgres: 'Postgres',
  kafka: 'Kafka',
  registry: 'the registry',
} as const
export type Outside = keyof typeof OUTSIDES

/** Whoever waits for something outside. */
export interface Waiter {
  readonly log: Logger
  /** What the lines say of what waits. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal
  /** Told after each vain attempt what is being waited for. */
  readonly say: (awaited: Outside) => void
}

/**
 * Tries until it works, backing off and saying so; undefined when the answer is no longer wanted. What asks several
 * servers lets the fault tell which of them it was.
 */
export async function waitOut<T>(
  what: Outside | 'told by the fault',
  call: () => Promise<T>,
  { log, fields, signal, say }: Waiter,
): Promise<T | undefined> {
  for (let waitMs = BACK_OFF_MS_FIRST; ; waitMs = Math.min(waitMs * 2, BACK_OFF_MS_MAX)) {
    try {
      return await call()
    } catch (fault) {
      if (!isPassing(fault)) throw fault
      const outside = what === 'told by the fault' ? outsideOf(fault) : what
      say(outside)
      const fix = outageFix(fault)
      const line = fix === undefined ? 'waiting for a server that is away' : `to go on, ${fix}`
      log.warn({ err: fault, waitMs, outside, ...fields }, line)
    }
    await setTimeout(waitMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return undefined
  }
}

/** Who is away. What comes from kafkajs bears its name, wherever in it it was thrown; all else is Postgres'. */
export function outsideOf(fault: unknown): Outside {
  const { name } = fault as { name?: string }
  const isKafka = fault instanceof UpiError ? fault.code.startsWith('KAFKA_') : isKafkaJs(name)
  return isKafka ? 'kafka' : 'postgres'
}

function isKafkaJs(name: string | undefined): boolean {
  return name?.startsWith('KafkaJS') === true
}

const SERIALIZATION_FAILURES = ['40001', '40P01', '55P03']

/** Whether a fault may be gone the next time. */
export function isPassing(fault: unknown): boolean {
  if (fault instanceof UpiError) return fault.kind === 'retry' && fault.code !== 'OWNER_STALE'
  const { code, name } = fault as { code?: string; name?: string }
  if (isOutage(fault) || SERIALIZATION_FAILURES.includes(code ?? '')) return true
  if (!isKafkaJs(name)) return false
  return !isKafkaRefusal(fault) && unreadableBatch(fault) === undefined
}
