import type { Result } from '../core/result.ts'
import type { VpaKeyer } from '../core/vpa-key.ts'
import type { WireSchema } from '../platform/schema-reader.ts'

export type { WireSchema }

/**
 * One step of a message's way. `process` is pure: no clock, no I/O, the same answer for the same input, so that a
 * rebuild from raw gives the same rows. It is called once a message, in offset order within a partition. Bad data is
 * a value: it returns the reasons and never throws; what it throws by mistake becomes INTERNAL for that message
 * alone. It owns nothing: input and rules must not be changed.
 */
export interface Processor<In, Out> {
  readonly name: string
  readonly summary: string
  process(input: In, rules: Rules): Result<Out>
}

/** A message as Kafka gives it. */
export interface KafkaRecord {
  readonly partition: number
  readonly offset: string
  /** Kafka's own time, milliseconds; LogAppendTime on our topics. Within KAFKA_MS_MIN and KAFKA_MS_MAX. */
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** What the outcome of cleaning depends on; recorded with each batch as the rules version. */
export interface Rules {
  readonly amountLimitPaise: bigint
  readonly txnIdProfile: 'lenient' | 'npci'
  /** Offset of timestamps that carry no zone, in minutes; undefined: they are refused. */
  readonly naiveOffsetMinutes: number | undefined
  readonly eventAgeMsMax: number
  readonly keyOf: VpaKeyer
  /** The schema of a framed message, loaded before the batch is processed. */
  readonly schemaOf: (id: number) => WireSchema
}

/** Declares a processor; the types of its ends are checked where the pipeline joins them. */
export function defineProcessor<In, Out>(processor: Processor<In, Out>): Processor<In, Out> {
  return processor
}
