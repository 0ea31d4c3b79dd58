import { type Kysely, sql } from 'kysely'

/** Each process may do what its work needs and no more. Access to partitions comes with their parent and no other way. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [role, privileges, objects] of [...TABLES, ...FUNCTIONS]) {
    await sql.raw(`grant ${privileges} on ${objects.join(', ')} to ${role}`).execute(db)
  }
}

const MARTS = [
  'public.fact_upi_aggregates',
  'public.daily_upi_summary',
  'public.hourly_upi_summary',
  'public.merchant_upi_summary',
  'public.dim_merchants',
  'public.handle_upi_summary',
  'public.bank_upi_summary',
  'public.category_upi_summary',
  'public.decline_upi_summary',
  'public.settlement_upi_summary',
]

const METRICS = ['public.upi_minute_metrics', 'public.upi_five_minute_metrics']

const REPORT_VIEWS = [
  'ops.day_status',
  'ops.stream_status',
  'ops.stream_books',
  'ops.rejected_messages',
  'ops.model_builds',
  'ops.dirty_models',
]

const STREAM_STATE = [
  'ops.stream_epochs',
  'ops.stream_offsets',
  'ops.stream_gaps',
  'ops.stream_batches',
  'ops.stream_rules',
  'ops.txn_conflicts',
]

type Grant = readonly [role: string, privileges: string, objects: readonly string[]]

const TABLES: readonly Grant[] = [
  ['upi_ingest', 'select, insert', ['public.raw_upi_transactions', ...STREAM_STATE]],
  // A replay finds out what an unreadable message said; the message itself is never changed.
  ['upi_ingest', 'update (txn_id, business_date)', ['public.raw_upi_transactions']],
  ['upi_ingest', 'select, insert, update, delete', ['public.clean_upi_transactions']],
  ['upi_ingest', 'select, insert', ['public.rejected_upi_transactions']],
  [
    'upi_ingest',
    'update (relayed_at, resolution, resolved_at, resolved_by)',
    ['public.rejected_upi_transactions'],
  ],
  ['upi_ingest', 'select, insert, update, delete', ['ops.minute_metrics', 'public.upi_alerts']],
  ['upi_ingest', 'update', ['ops.stream_offsets']],
  ['upi_ingest', 'select, insert', ['ops.dirty_keys', 'ops.audit_log']],
  ['upi_ingest', 'select', [...METRICS, ...REPORT_VIEWS, 'ops.days', 'ops.lake_files']],

  ['upi_transform', 'select', ['public.clean_upi_transactions', 'ops.minute_metrics', ...METRICS]],
  ['upi_transform', 'select, insert, update, delete', MARTS],
  ['upi_transform', 'select, insert, delete', ['ops.dirty_keys']],
  ['upi_transform', 'select, insert, update', ['ops.discovery', 'ops.days', 'ops.lake_files']],
  ['upi_transform', 'select, insert', ['ops.model_runs', 'ops.day_revisions', 'ops.audit_log']],
  ['upi_transform', 'select', [...STREAM_STATE, ...REPORT_VIEWS]],

  ['upi_api', 'select', ['public.clean_upi_transactions', ...MARTS, ...METRICS]],
  ['upi_api', 'select', [...REPORT_VIEWS, ...STREAM_STATE, 'ops.model_runs', 'ops.day_revisions']],
  ['upi_api', 'select', ['public.upi_alerts', 'ops.lake_files']],
  ['upi_api', 'update (acknowledged_at, acknowledged_by)', ['public.upi_alerts']],
  ['upi_api', 'select, insert', ['ops.api_keys', 'ops.audit_log']],
  ['upi_api', 'update (last_used_at, revoked_at, revoked_by)', ['ops.api_keys']],

  ['upi_report', 'select', [...MARTS, ...METRICS, 'public.upi_alerts', ...REPORT_VIEWS]],
]

const FUNCTIONS: readonly Grant[] = [
  [
    'upi_ingest',
    'execute',
    ['function ops.ensure_partitions(text, date[])', 'ops.ensure_partitions(text, date, date)'],
  ],
  ['upi_ingest, upi_transform, upi_api', 'execute', ['function ops.count_raw(date, date)']],
  ['upi_transform, upi_api', 'execute', ['function ops.transaction_messages(text)']],
  [
    'upi_api',
    'execute',
    [
      'function ops.reveal_transaction(text, text, text)',
      'ops.reveal_rejected(text, integer, integer, bigint, text, text)',
    ],
  ],
]
