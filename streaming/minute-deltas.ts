import type { Payment } from '../core/payment.ts'
import { statusRank } from '../core/status.ts'
import { MINUTE_MICROS, type Micros } from '../core/time.ts'
import { LATENCY_BUCKETS, type MinuteDelta } from '../platform/queries/minute-metrics.ts'

// A window is over a minute after its end; what comes later, by Kafka's time, updates it and counts as late.
const LATE_AFTER_MICROS = MINUTE_MICROS

/**
 * The exact change of the live figures by a batch: what rows of clean have become less what they were. Only rows that
 * were really inserted or changed are given to it, so that a replay adds nothing.
 */
export class MinuteDeltas {
  readonly #windows = new Map<Micros, Map<string, Statuses>>()

  /** Counts a row that is there now. */
  add(payment: Payment): void {
    this.#count(payment, 1)
  }

  /** Takes back a row that was there before. */
  remove(payment: Payment): void {
    this.#count(payment, -1)
  }

  /** Counts a message that changed a window which was over when Kafka got it. */
  noteArrival(payment: Payment, kafkaMs: number): void {
    const isLate = 1000 * kafkaMs > minuteOf(payment) + MINUTE_MICROS + LATE_AFTER_MICROS
    if (isLate) this.#deltaOf(payment).late += 1
  }

  /** Every window that was counted in. */
  all(): MinuteDelta[] {
    const handles = [...this.#windows.values()].flatMap((byHandle) => [...byHandle.values()])
    return handles.flatMap((byStatus) => byStatus.filter((delta) => delta !== undefined))
  }

  #count(payment: Payment, sign: 1 | -1): void {
    const delta = this.#deltaOf(payment)
    const paise = BigInt(sign) * paiseOf(payment.amount)
    if (payment.type === 'REFUND') {
      delta.refunds += sign
      delta.refund_amount += paise
      return
    }
    delta.txns += sign
    delta.amount += paise
    if (payment.decline_class === 'TD') delta.td += sign
    else if (payment.decline_class === 'BD') delta.bd += sign
    if (payment.type === 'P2M') delta.p2m += sign
    else if (payment.type === 'P2P') delta.p2p += sign
    if (payment.latency_ms !== null) {
      const bucket = bucketOf(payment.latency_ms)
      delta.latencies[bucket] = (delta.latencies[bucket] ?? 0) + sign
    }
  }

  #deltaOf(payment: Payment): MinuteDelta {
    const window_start = minuteOf(payment)
    const { payer_handle, status } = payment
    const byHandle = this.#windows.get(window_start) ?? new Map<string, Statuses>()
    if (byHandle.size === 0) this.#windows.set(window_start, byHandle)
    const byStatus = byHandle.get(payer_handle) ?? []
    if (byStatus.length === 0) byHandle.set(payer_handle, byStatus)
    const rank = statusRank(status)
    const known = byStatus[rank]
    if (known !== undefined) return known
    const made = { ...nothing(), window_start, payer_handle, status }
    byStatus[rank] = made
    return made
  }
}

type Statuses = (MinuteDelta | undefined)[]

function nothing(): Omit<MinuteDelta, 'window_start' | 'payer_handle' | 'status'> {
  const latencies = LATENCY_BUCKETS.map(() => 0)
  const amounts = { amount: 0n, refund_amount: 0n }
  return { txns: 0, td: 0, bd: 0, p2p: 0, p2m: 0, refunds: 0, late: 0, ...amounts, latencies }
}

function minuteOf({ event_time }: Payment): Micros {
  return Math.floor(event_time / MINUTE_MICROS) * MINUTE_MICROS
}

// Two decimals always follow the point.
function paiseOf(rupees: string): bigint {
  return BigInt(rupees.slice(0, -3) + rupees.slice(-2))
}

function bucketOf(latencyMs: number): number {
  return LATENCY_BUCKETS.findIndex(({ upToMs }) => latencyMs <= upToMs)
}
