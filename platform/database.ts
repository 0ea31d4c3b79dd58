import type { BankUpiSummary } from '../models/marts/bank_upi_summary.ts'
import type { CategoryUpiSummary } from '../models/marts/category_upi_summary.ts'
import type { DailyUpiSummary } from '../models/marts/daily_upi_summary.ts'
import type { DeclineUpiSummary } from '../models/marts/decline_upi_summary.ts'
import type { DimMerchants } from '../models/marts/dim_merchants.ts'
import type { FactUpiAggregates } from '../models/marts/fact_upi_aggregates.ts'
import type { HandleUpiSummary } from '../models/marts/handle_upi_summary.ts'
import type { HourlyUpiSummary } from '../models/marts/hourly_upi_summary.ts'
import type { MerchantUpiSummary } from '../models/marts/merchant_upi_summary.ts'
import type { SettlementUpiSummary } from '../models/marts/settlement_upi_summary.ts'
import type { StgUpiTransactions } from '../models/staging/stg_upi_transactions.ts'
import type * as ledger from './tables/ledger.ts'
import type * as payments from './tables/payments.ts'
import type * as stream from './tables/stream.ts'
import type * as views from './tables/views.ts'

/** Every table and view that migrations make, by the name under which a query asks for it. */
export interface Database {
  raw_upi_transactions: payments.RawUpiTransactions
  clean_upi_transactions: payments.CleanUpiTransactions
  rejected_upi_transactions: payments.RejectedUpiTransactions
  upi_minute_metrics: payments.UpiMinuteMetrics
  upi_five_minute_metrics: payments.UpiMinuteMetrics
  upi_alerts: payments.UpiAlerts

  stg_upi_transactions: StgUpiTransactions
  fact_upi_aggregates: FactUpiAggregates
  daily_upi_summary: DailyUpiSummary
  hourly_upi_summary: HourlyUpiSummary
  merchant_upi_summary: MerchantUpiSummary
  dim_merchants: DimMerchants
  handle_upi_summary: HandleUpiSummary
  bank_upi_summary: BankUpiSummary
  category_upi_summary: CategoryUpiSummary
  decline_upi_summary: DeclineUpiSummary
  settlement_upi_summary: SettlementUpiSummary

  'ops.minute_metrics': payments.MinuteMetrics
  'ops.stream_epochs': stream.StreamEpochs
  'ops.stream_offsets': stream.StreamOffsets
  'ops.stream_gaps': stream.StreamGaps
  'ops.stream_batches': stream.StreamBatches
  'ops.stream_rules': stream.StreamRules
  'ops.txn_conflicts': stream.TxnConflicts
  'ops.dirty_keys': ledger.DirtyKeys
  'ops.discovery': ledger.Discovery
  'ops.model_runs': ledger.ModelRuns
  'ops.model_days': ledger.ModelDays
  'ops.days': ledger.Days
  'ops.day_revisions': ledger.DayRevisions
  'ops.reconciliations': ledger.Reconciliations
  'ops.folded_days': ledger.FoldedDays
  'ops.lake_files': ledger.LakeFiles
  'ops.api_keys': ledger.ApiKeys
  'ops.audit_log': ledger.AuditLog
  'ops.decline_codes': ledger.DeclineCodes

  'ops.day_status': views.DayStatus
  'ops.stream_status': views.StreamStatus
  'ops.stream_books': views.StreamBooks
  'ops.rejected_messages': views.RejectedMessages
  'ops.model_builds': views.ModelBuilds
  'ops.dirty_models': views.DirtyModels
  'ops.decline_meanings': views.DeclineMeanings
  'ops.minute_deltas': payments.UpiMinuteMetrics
  'ops.book_checks': views.BookChecks
}
