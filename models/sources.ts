import type { Status } from '../core/status.ts'
import { source } from './engine/define-model.ts'

/** A row of clean as a model reads it: counts and money as text, instants in SQL only. */
export interface CleanUpiTransactions {
  txn_id: string
  business_date: string
  event_time: Date
  payer: string
  payer_key: Buffer
  payer_handle: string
  payee: string
  payee_key: Buffer
  payee_handle: string
  type: string | null
  channel: string | null
  mcc: string | null
  payer_bank: string | null
  payee_bank: string | null
  amount: string
  status: Status
  response_code: string | null
  decline_class: string | null
  completed_at: Date | null
  latency_ms: string | null
  original_txn_id: string | null
}

/** One row a transaction, written by the stream. */
export const clean_upi_transactions = source<CleanUpiTransactions>('clean_upi_transactions', {
  day: 'business_date',
})
