import type { ClientBase } from 'pg'
import { formatRupees } from '../../core/money.ts'
import type { Status } from '../../core/status.ts'
import { formatInstant, type Micros } from '../../core/time.ts'

/** The histogram of latencies: each bucket counts those up to its bound and above the bound before. */
export const LATENCY_BUCKETS = [
  { column: 'latency_250ms', upToMs: 250 },
  { column: 'latency_500ms', upToMs: 500 },
  { column: 'latency_1s', upToMs: 1_000 },
  { column: 'latency_2s', upToMs: 2_000 },
  { column: 'latency_3s', upToMs: 3_000 },
  { column: 'latency_5s', upToMs: 5_000 },
  { column: 'latency_10s', upToMs: 10_000 },
  { column: 'latency_15s', upToMs: 15_000 },
  { column: 'latency_20s', upToMs: 20_000 },
  { column: 'latency_30s', upToMs: 30_000 },
  { column: 'latency_over', upToMs: Number.POSITIVE_INFINITY },
] as const

/**
 * What is added to one window, a minute of event time by payer's handle and status; counts may be negative. Amounts are
 * paise; refunds are apart from payments.
 */
export interface MinuteDelta {
  readonly window_start: Micros
  readonly payer_handle: string
  readonly status: Status
  txns: number
  amount: bigint
  td: number
  bd: number
  p2p: number
  p2m: number
  refunds: number
  refund_amount: bigint
  late: number
  /** A count for each of LATENCY_BUCKETS. */
  readonly latencies: number[]
}

const COUNTS = [
  'txns',
  'amount',
  'td',
  'bd',
  'p2p',
  'p2m',
  'refunds',
  'refund_amount',
  'late',
  ...LATENCY_BUCKETS.map(({ column }) => column),
]
const AMOUNTS = ['amount', 'refund_amount']

const ADD = `
  insert into ops.minute_metrics as metrics
    (window_start, payer_handle, status, ${COUNTS.join(', ')}, kafka_partition)
  select *, $1::integer from json_to_recordset($2::json) as added (
    window_start timestamptz, payer_handle text, status text,
    ${COUNTS.map((name) => `${name} ${AMOUNTS.includes(name) ? 'numeric' : 'bigint'}`).join(', ')})
  on conflict (window_start, kafka_partition, payer_handle, status) do update
    set ${COUNTS.map((name) => `${name} = metrics.${name} + excluded.${name}`).join(', ')}`

/** Adds to the live figures, in the share of one partition. */
export async function addMinuteDeltas(
  client: ClientBase,
  partition: number,
  deltas: readonly MinuteDelta[],
): Promise<void> {
  const values = [partition, JSON.stringify(deltas.map(toJson))]
  await client.query({ name: 'add minute deltas', text: ADD, values })
}

function toJson({
  latencies,
  amount,
  refund_amount,
  window_start,
  ...counts
}: MinuteDelta): object {
  const buckets = LATENCY_BUCKETS.map(({ column }, i) => [column, latencies[i]])
  return {
    ...counts,
    ...Object.fromEntries(buckets),
    window_start: formatInstant(window_start),
    amount: formatRupees(amount),
    refund_amount: formatRupees(refund_amount),
  }
}
