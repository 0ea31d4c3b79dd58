import type { Big, Day, MaybeBig, Money, Optional, Rate } from './columns.ts'

/** The fact of the source design, one row a business date. */
export interface FactUpiAggregates {
  txn_date: Day
  total_txns: Big
  total_amount: Money
  success_rate: Optional<Rate>
  success_txns: Big
  failed_txns: Big
  pending_txns: Big
  avg_txn_amount: Optional<Money | null>
  min_txn_amount: Optional<Money | null>
  max_txn_amount: Optional<Money | null>
  unique_payers: Big
  unique_payees: Big
  unique_handles: Big
}

/** One row a business date. */
export interface DailyUpiSummary {
  date: Day
  total_txns: Big
  success_txns: Big
  failed_txns: Big
  pending_txns: Big
  reversed_txns: Big
  total_amount: Money
  attempted_amount: Money
  refund_txns: Big
  refund_amount: Money
  net_amount: Money
  success_rate: Optional<Rate>
  terminal_success_rate: Optional<Rate>
  td_txns: Big
  bd_txns: Big
  unique_payers: Big
  unique_payees: Big
  avg_ticket: Optional<Money | null>
  p50_latency_ms: MaybeBig
  p95_latency_ms: MaybeBig
  p99_latency_ms: MaybeBig
}

/** One row a merchant and business date. */
export interface MerchantUpiSummary {
  merchant: string
  date: Day
  total_txns: Big
  success_txns: Big
  failed_txns: Big
  pending_txns: Big
  amount: Money
  attempted_amount: Money
  refund_amount: Money
  net_amount: Money
  unique_payers: Big
  avg_ticket: Optional<Money | null>
  success_rate: Optional<Rate>
}

/** One row a merchant. */
export interface DimMerchants {
  merchant_id: string
  first_transaction_date: Day
  last_transaction_date: Day
  active_days: number
  total_transactions: Big
  total_revenue: Money
  avg_transaction_amount: Optional<Money | null>
  successful_transactions: Big
  success_rate: Optional<Rate>
}

interface ByStatus {
  total_txns: Big
  success_txns: Big
  failed_txns: Big
  pending_txns: Big
  reversed_txns: Big
  amount: Money
}

/** One row an hour of a business date. */
export interface HourlyUpiSummary extends ByStatus {
  date: Day
  hour: number
}

/** One row a category, type and channel of a business date. */
export interface CategoryUpiSummary extends ByStatus {
  date: Day
  mcc: string
  type: string
  channel: string
}

interface BySide {
  date: Day
  side: 'payer' | 'payee'
  txns: Big
  approved: Big
  td: Big
  bd: Big
  reversals: Big
  approved_rate: Optional<Rate>
  td_rate: Optional<Rate>
  bd_rate: Optional<Rate>
}

/** NPCI's table by handle. */
export interface HandleUpiSummary extends BySide {
  handle: string
}

/** NPCI's table by bank. */
export interface BankUpiSummary extends BySide {
  bank: string
}

/** One row a response code of a business date. */
export interface DeclineUpiSummary {
  date: Day
  response_code: string
  class: Optional<string | null>
  txns: Big
}

/** One row a settlement cycle. */
export interface SettlementUpiSummary {
  settlement_date: Day
  cycle: number
  txns: Big
  amount: Money
}
