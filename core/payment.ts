import type { DeclineClass } from './decline-codes.ts'
import type { Status } from './status.ts'
import type { BusinessDate, Micros } from './time.ts'

/** What one message says of one transaction, clean: the columns of clean_upi_transactions under their own names. */
export interface Payment {
  readonly txn_id: string
  readonly business_date: BusinessDate
  readonly event_time: Micros
  /** Masked, but for a merchant that pays a refund. */
  readonly payer: string
  readonly payer_key: Buffer
  readonly payer_handle: string
  /** Masked for a person, plain for a merchant. */
  readonly payee: string
  readonly payee_key: Buffer
  readonly payee_handle: string
  readonly type: string | null
  readonly channel: string | null
  readonly mcc: string | null
  readonly payer_bank: string | null
  readonly payee_bank: string | null
  readonly rrn: string | null
  readonly device: string | null
  readonly city: string | null
  readonly state: string | null
  /** Rupees with two decimals. */
  readonly amount: string
  readonly status: Status
  readonly response_code: string | null
  readonly decline_class: DeclineClass | null
  readonly completed_at: Micros | null
  readonly latency_ms: number | null
  readonly original_txn_id: string | null
}
