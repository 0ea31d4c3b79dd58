import type { Migration } from 'kysely/migration'
import * as schemas from './0001_schemas.ts'
import * as raw from './0002_raw.ts'
import * as clean from './0003_clean.ts'
import * as rejected from './0004_rejected.ts'
import * as minuteMetrics from './0005_minute_metrics.ts'
import * as alerts from './0006_alerts.ts'
import * as streamBooks from './0007_stream_books.ts'
import * as modelLedger from './0008_model_ledger.ts'
import * as marts from './0009_marts.ts'
import * as partyMarts from './0010_party_marts.ts'
import * as staging from './0011_staging.ts'
import * as lakeFiles from './0012_lake_files.ts'
import * as keysAndAudit from './0013_keys_and_audit.ts'
import * as partitions from './0014_partitions.ts'
import * as guardedPayloads from './0015_guarded_payloads.ts'
import * as reportViews from './0016_report_views.ts'
import * as grants from './0017_grants.ts'
import * as declineCodes from './0018_decline_codes.ts'
import * as streamSink from './0019_stream_sink.ts'
import * as streamPlaces from './0020_stream_places.ts'
import * as wideSums from './0021_wide_sums.ts'
import * as modelsOwnMarts from './0022_models_own_marts.ts'
import * as reconciliations from './0023_reconciliations.ts'
import * as rebuildGrants from './0024_rebuild_grants.ts'
import * as dashboardViews from './0025_dashboard_views.ts'
import * as facts from './0026_facts.ts'
import * as reportLimits from './0027_report_limits.ts'

/** The migrations in their order, forward only. Once released, one is never edited: the next one corrects it. */
export const MIGRATIONS: Readonly<Record<string, Pick<Migration, 'up'>>> = {
  '0001_schemas': schemas,
  '0002_raw': raw,
  '0003_clean': clean,
  '0004_rejected': rejected,
  '0005_minute_metrics': minuteMetrics,
  '0006_alerts': alerts,
  '0007_stream_books': streamBooks,
  '0008_model_ledger': modelLedger,
  '0009_marts': marts,
  '0010_party_marts': partyMarts,
  '0011_staging': staging,
  '0012_lake_files': lakeFiles,
  '0013_keys_and_audit': keysAndAudit,
  '0014_partitions': partitions,
  '0015_guarded_payloads': guardedPayloads,
  '0016_report_views': reportViews,
  '0017_grants': grants,
  '0018_decline_codes': declineCodes,
  '0019_stream_sink': streamSink,
  '0020_stream_places': streamPlaces,
  '0021_wide_sums': wideSums,
  '0022_models_own_marts': modelsOwnMarts,
  '0023_reconciliations': reconciliations,
  '0024_rebuild_grants': rebuildGrants,
  '0025_dashboard_views': dashboardViews,
  '0026_facts': facts,
  '0027_report_limits': reportLimits,
}
