import { createVpaKeyer } from '../../core/vpa-key.ts'
import type { KafkaRecord, Rules } from '../processor.ts'

/** Rules as the settings' defaults make them, for the tests of processors. */
export const RULES: Rules = {
  amountLimitPaise: 100_000_000n,
  txnIdProfile: 'lenient',
  naiveOffsetMinutes: undefined,
  eventAgeMsMax: 400 * 86_400_000,
  keyOf: createVpaKeyer(Buffer.alloc(32, 7)),
  schemaOf: () => ({ type: 'UNKNOWN' }),
}

/** When Kafka got the message of `aFields`. */
export const KAFKA_MILLIS = Date.parse('2026-02-01T10:30:05+05:30')

/** The example of the message contract; override what matters. */
export function aFields(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    txn_id: 'HDF5f3c1c0e9a4b4d0f8b7e2a1d3c4e5f60',
    payer: 'asha.k@okhdfcbank',
    payee: 'chaishop@ybl',
    amount: '249.50',
    status: 'SUCCESS',
    timestamp: '2026-02-01T10:30:00.123+05:30',
    ...over,
  }
}

/** A record that holds a value: bytes as they are, text as UTF-8, anything else as JSON. */
export function aRecord(value: unknown): KafkaRecord {
  const bytes =
    value === null || Buffer.isBuffer(value)
      ? value
      : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  return { partition: 0, offset: '0', timestampMs: KAFKA_MILLIS, key: null, value: bytes }
}
