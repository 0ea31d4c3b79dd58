import type { Status } from '../../core/status.ts'
import type {
  Big,
  BigByDefault,
  Day,
  Identity,
  Instant,
  InstantByDefault,
  JsonByDefault,
  MaybeBig,
  MaybeInstant,
  Money,
  Optional,
  ReadOnly,
} from './columns.ts'

/** Every message once, as received. */
export interface RawUpiTransactions {
  kafka_timestamp: Instant
  kafka_offset: Big
  received_at: InstantByDefault
  epoch: Optional<number>
  kafka_partition: number
  business_date: Optional<Day | null>
  topic: string
  message_key: Optional<string | null>
  txn_id: Optional<string | null>
  payload: Optional<string | null>
  payload_bytes: Optional<Buffer | null>
}

/** One row a transaction. */
export interface CleanUpiTransactions {
  event_time: Instant
  completed_at: MaybeInstant
  first_seen_at: InstantByDefault
  changed_at: InstantByDefault
  changed_xid: BigByDefault
  latency_ms: MaybeBig
  business_date: Day
  messages: Optional<number>
  txn_id: string
  payer_key: Buffer
  payee_key: Buffer
  amount: Money
  status: Status
  type: Optional<string | null>
  channel: Optional<string | null>
  mcc: Optional<string | null>
  rrn: Optional<string | null>
  payer: string
  payer_handle: string
  payer_bank: Optional<string | null>
  payee: string
  payee_handle: string
  payee_bank: Optional<string | null>
  response_code: Optional<string | null>
  decline_class: Optional<string | null>
  device: Optional<string | null>
  city: Optional<string | null>
  state: Optional<string | null>
  original_txn_id: Optional<string | null>
}

/** Dead letters. */
export interface RejectedUpiTransactions {
  kafka_timestamp: Instant
  kafka_offset: Big
  rejected_at: InstantByDefault
  resolved_at: MaybeInstant
  relayed_at: MaybeInstant
  epoch: Optional<number>
  kafka_partition: number
  topic: string
  reason_code: string
  reasons: string[]
  detail: Optional<string | null>
  payload: Optional<string | null>
  payload_bytes: Optional<Buffer | null>
  resolution: Optional<string | null>
  resolved_by: Optional<string | null>
}

interface MinuteCounts {
  txns: BigByDefault
  amount: Optional<Money>
  td: BigByDefault
  bd: BigByDefault
  p2p: BigByDefault
  p2m: BigByDefault
  refunds: BigByDefault
  refund_amount: Optional<Money>
  late: BigByDefault
  latency_250ms: BigByDefault
  latency_500ms: BigByDefault
  latency_1s: BigByDefault
  latency_2s: BigByDefault
  latency_3s: BigByDefault
  latency_5s: BigByDefault
  latency_10s: BigByDefault
  latency_15s: BigByDefault
  latency_20s: BigByDefault
  latency_30s: BigByDefault
  latency_over: BigByDefault
}

/** What one Kafka partition adds to a minute; -1 is rebuild and replay. */
export interface MinuteMetrics extends MinuteCounts {
  window_start: Instant
  kafka_partition: number
  payer_handle: string
  status: Status
}

/** The sums over the partitions, by one and by five minutes; and what they are the sums of, for dashboards. */
export interface UpiMinuteMetrics extends Sums<MinuteCounts> {
  window_start: ReadOnly<Date>
  payer_handle: ReadOnly<string>
  status: ReadOnly<Status>
}

type Sums<Counts> = { [Column in keyof Counts]: ReadOnly<string> }

/** What the rules raised. */
export interface UpiAlerts {
  alert_id: Identity
  rule: string
  severity: 'info' | 'warning' | 'critical'
  state: 'provisional' | 'confirmed' | 'withdrawn'
  entity: string
  window_start: MaybeInstant
  event_time: Instant
  txn_id: Optional<string | null>
  details: JsonByDefault
  raised_at: InstantByDefault
  changed_at: InstantByDefault
  relayed_at: MaybeInstant
  acknowledged_at: MaybeInstant
  acknowledged_by: Optional<string | null>
}
