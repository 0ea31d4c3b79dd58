import type { RowOf } from '../models/engine/define-model.ts'
import type { MODELS } from '../models/index.ts'
import type * as ledger from './tables/ledger.ts'
import type * as payments from './tables/payments.ts'
import type * as stream from './tables/stream.ts'
import type * as views from './tables/views.ts'

/** What the models make. */
type Marts = { [Each in (typeof MODELS)[number] as Each['name']]: RowOf<Each> }

/** Every table and view, by the name under which a query asks for it. */
export interface Database extends Marts {
  raw_upi_transactions: payments.RawUpiTransactions
  clean_upi_transactions: payments.CleanUpiTransactions
  rejected_upi_transactions: payments.RejectedUpiTransactions
  upi_minute_metrics: payments.UpiMinuteMetrics
  upi_five_minute_metrics: payments.UpiMinuteMetrics
  upi_alerts: payments.UpiAlerts

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
