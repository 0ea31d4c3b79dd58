import type {
  Big,
  Day,
  Identity,
  InstantByDefault,
  Json,
  JsonByDefault,
  MaybeInstant,
  Optional,
} from './columns.ts'

/** Which Kafka a topic's offsets mean. */
export interface StreamEpochs {
  topic: string
  epoch: number
  cluster_id: Optional<string | null>
  adopted_at: InstantByDefault
  adopted_by: string
  reason: Optional<string | null>
}

/** Where each consumer group goes on. */
export interface StreamOffsets {
  consumer_group: string
  topic: string
  epoch: Optional<number>
  kafka_partition: number
  next_offset: Big
  max_event_time: MaybeInstant
  updated_at: InstantByDefault
  max_kafka_time: MaybeInstant
}

/** Offsets that were never read, and why. */
export interface StreamGaps {
  topic: string
  epoch: Optional<number>
  kafka_partition: number
  first_offset: Big
  next_offset: Big
  reason: 'expired' | 'begin' | 'seek'
  actor: string
  noted_at: InstantByDefault
}

/** The books, a row per batch and UTC day of raw. */
export interface StreamBatches {
  batch_id: Identity
  kind: Optional<'stream' | 'replay' | 'rebuild'>
  topic: string
  epoch: Optional<number>
  kafka_partition: number
  raw_day: Day
  first_offset: Big
  next_offset: Big
  messages: number
  accepted: number
  rejected: number
  inserted: number
  merged: number
  duplicate: number
  conflicting: number
  gaps: Optional<number>
  warnings: Optional<number>
  rules_version: string
  committed_at: InstantByDefault
  absorbed: Optional<number>
  pending: Optional<number>
}

/** The settings behind each rules version. */
export interface StreamRules {
  rules_version: string
  settings: Json
  first_used_at: InstantByDefault
}

/** Messages that contradict what is known of their transaction. */
export interface TxnConflicts {
  kind: 'identity' | 'status'
  topic: string
  epoch: Optional<number>
  kafka_partition: number
  kafka_offset: Big
  txn_id: string
  business_date: Day
  details: JsonByDefault
  noted_at: InstantByDefault
}
