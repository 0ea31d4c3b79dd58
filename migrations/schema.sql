-- What all migrations together make, for review. Written by ./upi migrate dump; a test fails when it is not current.
-- Objects belong to upi_admin unless a line says otherwise.

create schema ops;

create schema partitions;

create table ops.api_keys (
  key_id text collate "C" not null,
  name text,
  role text collate "C" not null,
  merchant text collate "C",
  key_hash bytea not null,
  created_at timestamp with time zone not null default now(),
  created_by text not null,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  revoked_by text,
  constraint api_keys_pkey PRIMARY KEY (key_id),
  constraint api_keys_check CHECK (((merchant IS NULL) OR (role = 'viewer'::text))),
  constraint api_keys_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text, 'ingest'::text]))),
  constraint api_keys_key_hash_key UNIQUE (key_hash)
);
comment on table ops.api_keys is 'API keys by their hash; a merchant''s key is a viewer''s that sees that merchant only.';

create table ops.audit_log (
  audit_id bigint generated always as identity not null,
  at timestamp with time zone not null default clock_timestamp(),
  actor text collate "C" not null,
  db_user text collate "C" not null default SESSION_USER,
  action text collate "C" not null,
  subject text,
  reason text,
  details jsonb not null default '{}'::jsonb,
  constraint audit_log_pkey PRIMARY KEY (audit_id),
  constraint audit_log_actor_check CHECK ((actor <> ''::text))
);
CREATE INDEX audit_log_at ON ops.audit_log USING btree (at);
comment on table ops.audit_log is 'Who triggered, replayed, discarded, rebuilt, revealed or changed a rule. Roles may add to it and change nothing.';

create view ops.book_checks as
 SELECT reconciled_at,
    run_id,
    first_day,
    last_day,
    book,
    state,
    checked,
    unit,
    wrong,
    waiting,
    line,
    seconds
   FROM ops.reconciliations;

create table ops.day_revisions (
  business_date date not null,
  revision integer not null,
  mart text collate "C" not null,
  key jsonb not null,
  before jsonb,
  after jsonb,
  reason text,
  changed_at timestamp with time zone not null default now(),
  constraint day_revisions_pkey PRIMARY KEY (business_date, revision, mart, key)
);
comment on table ops.day_revisions is 'What a closed day had reported before it changed: null before means a row that came, null after one that went.';

create view ops.day_status as
 SELECT business_date AS date,
    state,
    failed_at IS NOT NULL AS failed,
    archived_at IS NOT NULL AS archived,
    closed_at,
    revision,
    reason,
    error
   FROM ops.days;

create table ops.days (
  business_date date not null,
  state text collate "C" not null default 'open'::text,
  closed_at timestamp with time zone,
  closed_by text,
  revision integer not null default 0,
  reason text,
  failed_at timestamp with time zone,
  error text,
  archived_at timestamp with time zone,
  constraint days_pkey PRIMARY KEY (business_date),
  constraint days_check CHECK (((state = 'open'::text) = (closed_at IS NULL))),
  constraint days_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text, 'revised'::text])))
);
comment on table ops.days is 'The state of each business date. archived_at is when its clean partition left Postgres for the lake; null again once restored.';

create table ops.decline_codes (
  code text collate "C" not null,
  valid_from date not null,
  class text collate "C",
  about text not null,
  constraint decline_codes_pkey PRIMARY KEY (code, valid_from),
  constraint decline_codes_class_check CHECK ((class = ANY (ARRAY['TD'::text, 'BD'::text])))
);
comment on table ops.decline_codes is 'What each response code means from a day on; written by every migrate from core/decline-codes.ts.';

create view ops.decline_meanings as
 SELECT DISTINCT ON (code) code,
    class,
    about
   FROM ops.decline_codes
  WHERE valid_from <= (now() AT TIME ZONE 'Asia/Kolkata'::text)::date
  ORDER BY code, valid_from DESC;

create table ops.dirty_keys (
  mark_id bigint generated always as identity not null,
  model text collate "C",
  business_date date,
  merchant text collate "C",
  reason text collate "C" not null,
  marked_at timestamp with time zone not null default clock_timestamp(),
  constraint dirty_keys_pkey PRIMARY KEY (mark_id),
  constraint dirty_keys_check CHECK (((business_date IS NOT NULL) OR (merchant IS NOT NULL)))
) with (autovacuum_vacuum_scale_factor=0.05);
CREATE INDEX dirty_keys_key ON ops.dirty_keys USING btree (model, business_date);
comment on table ops.dirty_keys is 'Keys to build again, one row a mark. Marks by the stream name no model: discovery turns them into one for each.';

create view ops.dirty_models as
 SELECT model,
    count(*) AS marks,
    count(DISTINCT business_date) AS days,
    min(marked_at) AS oldest_mark
   FROM ops.dirty_keys
  GROUP BY model;

create table ops.discovery (
  source text collate "C" not null,
  snapshot pg_snapshot not null,
  system_identifier bigint not null,
  discovered_at timestamp with time zone not null default now(),
  constraint discovery_pkey PRIMARY KEY (source)
);
comment on table ops.discovery is 'The snapshot up to which changes of a source are marked; on another cluster it means nothing, and all days are dirty.';

create table ops.folded_days (
  business_date date not null,
  content text collate "C" not null,
  suspects text[] collate "C" not null,
  folded_at timestamp with time zone not null default clock_timestamp(),
  constraint folded_days_pkey PRIMARY KEY (business_date)
);
comment on table ops.folded_days is 'Days of clean that were the fold of raw, by a hash of both and the rules; suspects are transactions that are looked at each time.';

create table ops.lake_files (
  path text collate "C" not null,
  source text collate "C" not null,
  day date not null,
  row_count bigint not null,
  byte_count bigint not null,
  sha256 bytea not null,
  content_hash text collate "C" not null,
  written_at timestamp with time zone not null default now(),
  verified_at timestamp with time zone,
  replaced_at timestamp with time zone,
  constraint lake_files_pkey PRIMARY KEY (path)
);
CREATE INDEX lake_files_day ON ops.lake_files USING btree (source, day);
comment on table ops.lake_files is 'Files of the lake; content_hash is that of the rows, which a restore must give again.';

create view ops.minute_deltas as
 SELECT window_start,
    payer_handle,
    status,
    txns,
    amount,
    td,
    bd,
    p2p,
    p2m,
    refunds,
    refund_amount,
    late,
    latency_250ms,
    latency_500ms,
    latency_1s,
    latency_2s,
    latency_3s,
    latency_5s,
    latency_10s,
    latency_15s,
    latency_20s,
    latency_30s,
    latency_over
   FROM ops.minute_metrics;
comment on view ops.minute_deltas is 'Live figures before they are summed: a row alone may be negative, the sum over any set of windows, handles and statuses is exact.';

create table ops.minute_metrics (
  window_start timestamp with time zone not null,
  kafka_partition integer not null,
  payer_handle text collate "C" not null,
  status text collate "C" not null,
  txns bigint not null default 0,
  amount numeric(38,2) not null default 0,
  td bigint not null default 0,
  bd bigint not null default 0,
  p2p bigint not null default 0,
  p2m bigint not null default 0,
  refunds bigint not null default 0,
  refund_amount numeric(38,2) not null default 0,
  late bigint not null default 0,
  latency_250ms bigint not null default 0,
  latency_500ms bigint not null default 0,
  latency_1s bigint not null default 0,
  latency_2s bigint not null default 0,
  latency_3s bigint not null default 0,
  latency_5s bigint not null default 0,
  latency_10s bigint not null default 0,
  latency_15s bigint not null default 0,
  latency_20s bigint not null default 0,
  latency_30s bigint not null default 0,
  latency_over bigint not null default 0,
  constraint minute_metrics_pkey PRIMARY KEY (window_start, kafka_partition, payer_handle, status)
) with (fillfactor=70, autovacuum_vacuum_scale_factor=0.05);
CREATE INDEX minute_metrics_five_minutes ON ops.minute_metrics USING brin (date_bin('00:05:00'::interval, window_start, '2000-01-01 00:00:00+00'::timestamp with time zone)) WITH (pages_per_range='16');
comment on table ops.minute_metrics is 'Deltas by minute of event time; a partition''s share may be negative, the sum over partitions is exact. Partition -1 is rebuild and replay.';

create view ops.model_builds as
 SELECT run_id,
    model,
    business_date,
    state,
    fingerprint,
    rows_inserted,
    rows_updated,
    rows_deleted,
    rows_unchanged,
    seconds,
    error,
    finished_at
   FROM ops.model_runs;

create table ops.model_days (
  model text collate "C" not null,
  business_date date,
  state text collate "C" not null,
  fingerprint text collate "C" not null,
  built_at timestamp with time zone not null default clock_timestamp(),
  constraint model_days_state_check CHECK ((state = ANY (ARRAY['built'::text, 'failed'::text]))),
  constraint model_days_model_business_date_key UNIQUE NULLS NOT DISTINCT (model, business_date)
);
comment on table ops.model_days is 'What each model holds of each day, and by which version of itself; a model without days has one row. Written with the figures, in one commit.';

create table ops.model_runs (
  run_id bigint generated always as identity not null,
  model text collate "C" not null,
  business_date date,
  state text collate "C" not null default 'built'::text,
  fingerprint text collate "C" not null,
  rows_inserted bigint not null default 0,
  rows_updated bigint not null default 0,
  rows_deleted bigint not null default 0,
  rows_unchanged bigint not null default 0,
  seconds numeric(12,3) not null default 0,
  error text,
  bad_rows jsonb,
  actor text,
  finished_at timestamp with time zone not null default clock_timestamp(),
  reason text collate "C",
  constraint model_runs_pkey PRIMARY KEY (run_id),
  constraint model_runs_check CHECK (((state = 'failed'::text) = (error IS NOT NULL))),
  constraint model_runs_state_check CHECK ((state = ANY (ARRAY['built'::text, 'failed'::text])))
);
CREATE INDEX model_runs_finished_at ON ops.model_runs USING brin (finished_at) WITH (pages_per_range='16');
CREATE INDEX model_runs_key ON ops.model_runs USING btree (model, business_date, run_id DESC);
comment on table ops.model_runs is 'One row for each model and day that a run built or failed to build; bad_rows are what a check has found.';

create table ops.reconciliations (
  run_id text collate "C" not null,
  first_day date not null,
  last_day date not null,
  book text collate "C" not null,
  state text collate "C" not null,
  checked bigint not null,
  unit text collate "C" not null,
  wrong bigint not null,
  waiting bigint not null,
  line text not null,
  found text,
  expected text,
  keys text[] collate "C" not null,
  seconds numeric(12,3) not null,
  actor text collate "C" not null,
  reconciled_at timestamp with time zone not null default clock_timestamp(),
  constraint reconciliations_pkey PRIMARY KEY (run_id, first_day, last_day, book),
  constraint reconciliations_check CHECK ((last_day >= first_day)),
  constraint reconciliations_state_check CHECK ((state = ANY (ARRAY['balanced'::text, 'broken'::text, 'waits'::text, 'pending'::text])))
);
CREATE INDEX reconciliations_at ON ops.reconciliations USING brin (reconciled_at) WITH (pages_per_range='16');
comment on table ops.reconciliations is 'What each run of reconcile found of each book, for a range of days; keys are the first places that differ, without personal data.';

create view ops.rejected_messages as
 SELECT rejected_at,
    topic,
    epoch,
    kafka_partition,
    kafka_offset,
    kafka_timestamp,
    reason_code,
    reasons,
    detail,
    relayed_at,
    resolution,
    resolved_at
   FROM public.rejected_upi_transactions;

create table ops.stream_batches (
  batch_id bigint generated always as identity not null,
  kind text collate "C" not null default 'stream'::text,
  topic text collate "C" not null,
  epoch integer not null default 0,
  kafka_partition integer not null,
  raw_day date not null,
  first_offset bigint not null,
  next_offset bigint not null,
  messages integer not null,
  accepted integer not null,
  rejected integer not null,
  inserted integer not null,
  merged integer not null,
  duplicate integer not null,
  conflicting integer not null,
  gaps integer not null default 0,
  warnings integer not null default 0,
  rules_version text collate "C" not null,
  committed_at timestamp with time zone not null default clock_timestamp(),
  absorbed integer not null default 0,
  pending integer not null default 0,
  constraint stream_batches_pkey PRIMARY KEY (batch_id),
  constraint stream_batches_accepted CHECK ((accepted = ((((inserted + merged) + duplicate) + conflicting) + pending))),
  constraint stream_batches_check CHECK ((messages = (accepted + rejected))),
  constraint stream_batches_check2 CHECK ((next_offset > first_offset)),
  constraint stream_batches_kind_check CHECK ((kind = ANY (ARRAY['stream'::text, 'replay'::text, 'rebuild'::text])))
);
CREATE INDEX stream_batches_committed_at ON ops.stream_batches USING brin (committed_at) WITH (pages_per_range='16');
CREATE UNIQUE INDEX stream_batches_once ON ops.stream_batches USING btree (kafka_partition, first_offset, raw_day, topic, epoch) WHERE (kind = 'stream'::text);
CREATE INDEX stream_batches_place ON ops.stream_batches USING btree (topic, epoch, kafka_partition, first_offset) WHERE (kind = 'stream'::text);
comment on table ops.stream_batches is 'The books: what became of each message, a row per batch and UTC day of raw; next_offset is the first after the batch.';

create view ops.stream_books as
 SELECT committed_at,
    kind,
    topic,
    epoch,
    kafka_partition,
    raw_day,
    first_offset,
    next_offset,
    messages,
    accepted,
    rejected,
    inserted,
    merged,
    duplicate,
    conflicting,
    gaps,
    warnings,
    rules_version,
    absorbed,
    pending
   FROM ops.stream_batches;

create table ops.stream_epochs (
  topic text collate "C" not null,
  epoch integer not null,
  cluster_id text,
  adopted_at timestamp with time zone not null default now(),
  adopted_by text not null,
  reason text,
  constraint stream_epochs_pkey PRIMARY KEY (topic, epoch)
);
comment on table ops.stream_epochs is 'Epoch 0 is the topic as first read; offsets adopt adds one when the topic or its cluster is another.';

create table ops.stream_gaps (
  topic text collate "C" not null,
  epoch integer not null default 0,
  kafka_partition integer not null,
  first_offset bigint not null,
  next_offset bigint not null,
  reason text collate "C" not null,
  actor text not null,
  noted_at timestamp with time zone not null default now(),
  constraint stream_gaps_pkey PRIMARY KEY (topic, epoch, kafka_partition, first_offset),
  constraint stream_gaps_check CHECK ((next_offset > first_offset)),
  constraint stream_gaps_reason_check CHECK ((reason = ANY (ARRAY['expired'::text, 'begin'::text, 'seek'::text])))
);
comment on table ops.stream_gaps is 'Offsets that were never read, why, and who said so: expired in Kafka, before the first start, or sought over. next_offset is the first after the gap.';

create table ops.stream_offsets (
  consumer_group text collate "C" not null,
  topic text collate "C" not null,
  epoch integer not null default 0,
  kafka_partition integer not null,
  next_offset bigint not null,
  max_event_time timestamp with time zone,
  updated_at timestamp with time zone not null default now(),
  max_kafka_time timestamp with time zone,
  constraint stream_offsets_pkey PRIMARY KEY (consumer_group, topic, epoch, kafka_partition),
  constraint stream_offsets_next_offset_check CHECK ((next_offset >= 0))
) with (fillfactor=20, autovacuum_vacuum_threshold=200);
comment on table ops.stream_offsets is 'Where each consumer group goes on: the only truth, Kafka''s own offsets are for lag tools.';

create table ops.stream_rules (
  rules_version text collate "C" not null,
  settings jsonb not null,
  first_used_at timestamp with time zone not null default now(),
  constraint stream_rules_pkey PRIMARY KEY (rules_version)
);
comment on table ops.stream_rules is 'The settings behind each rules version: what a rebuild must use to get the same rows.';

create view ops.stream_status as
 SELECT consumer_group,
    topic,
    epoch,
    kafka_partition,
    next_offset,
    max_event_time,
    updated_at,
    max_kafka_time
   FROM ops.stream_offsets;

create table ops.txn_conflicts (
  kind text collate "C" not null,
  topic text collate "C" not null,
  epoch integer not null default 0,
  kafka_partition integer not null,
  kafka_offset bigint not null,
  txn_id text collate "C" not null,
  business_date date not null,
  details jsonb not null default '{}'::jsonb,
  noted_at timestamp with time zone not null default now(),
  constraint txn_conflicts_pkey PRIMARY KEY (kafka_partition, kafka_offset, topic, epoch, kind),
  constraint txn_conflicts_kind_check CHECK ((kind = ANY (ARRAY['identity'::text, 'status'::text])))
);
CREATE INDEX txn_conflicts_txn_id ON ops.txn_conflicts USING btree (txn_id);
comment on table ops.txn_conflicts is 'Messages that contradict what is known of their transaction: another amount, payer or payee (the row stays), or two final statuses (the greatest wins).';

create table public.bank_upi_summary (
  date date not null,
  bank text collate "C" not null,
  side text collate "C" not null,
  txns bigint not null,
  approved bigint not null,
  td bigint not null,
  bd bigint not null,
  reversals bigint not null,
  approved_rate numeric(7,6),
  td_rate numeric(7,6),
  bd_rate numeric(7,6),
  constraint bank_upi_summary_pkey PRIMARY KEY (date, bank, side),
  constraint bank_upi_summary_side_check CHECK ((side = ANY (ARRAY['payer'::text, 'payee'::text])))
);

create table public.category_upi_summary (
  date date not null,
  mcc text collate "C" not null,
  type text collate "C" not null,
  channel text collate "C" not null,
  total_txns bigint not null,
  success_txns bigint not null,
  failed_txns bigint not null,
  pending_txns bigint not null,
  reversed_txns bigint not null,
  amount numeric(38,2) not null,
  constraint category_upi_summary_pkey PRIMARY KEY (date, mcc, type, channel)
);

create table public.clean_upi_transactions (
  event_time timestamp with time zone not null,
  completed_at timestamp with time zone,
  first_seen_at timestamp with time zone not null default now(),
  changed_at timestamp with time zone not null default now(),
  changed_xid bigint not null default ((pg_current_xact_id())::text)::bigint,
  latency_ms bigint,
  business_date date not null,
  messages integer not null default 1,
  txn_id text collate "C" not null,
  payer_key bytea not null,
  payee_key bytea not null,
  amount numeric(14,2) not null,
  status text collate "C" not null,
  type text collate "C",
  channel text collate "C",
  mcc text collate "C",
  rrn text collate "C",
  payer text collate "C" not null,
  payer_handle text collate "C" not null,
  payer_bank text collate "C",
  payee text collate "C" not null,
  payee_handle text collate "C" not null,
  payee_bank text collate "C",
  response_code text collate "C",
  decline_class text collate "C",
  device text collate "C",
  city text collate "C",
  state text collate "C",
  original_txn_id text collate "C",
  constraint clean_upi_transactions_pkey PRIMARY KEY (txn_id, business_date),
  constraint clean_upi_transactions_amount_check CHECK ((amount > (0)::numeric)),
  constraint clean_upi_transactions_status_check CHECK ((status = ANY (ARRAY['SUCCESS'::text, 'FAILED'::text, 'PENDING'::text, 'DEEMED'::text, 'EXPIRED'::text, 'DECLINED'::text, 'REVERSED'::text])))
) partition by RANGE (business_date);
CREATE INDEX clean_upi_transactions_changed_xid ON ONLY public.clean_upi_transactions USING brin (changed_xid);
CREATE INDEX clean_upi_transactions_event_time ON ONLY public.clean_upi_transactions USING btree (event_time);
CREATE INDEX clean_upi_transactions_payee ON ONLY public.clean_upi_transactions USING btree (payee_key, event_time);
CREATE INDEX clean_upi_transactions_payer ON ONLY public.clean_upi_transactions USING btree (payer_key, event_time);
CREATE INDEX clean_upi_transactions_rrn ON ONLY public.clean_upi_transactions USING btree (rrn) WHERE (rrn IS NOT NULL);
CREATE INDEX clean_upi_transactions_status ON ONLY public.clean_upi_transactions USING btree (status, event_time) WHERE (status <> 'SUCCESS'::text);
comment on table public.clean_upi_transactions is 'One row a transaction, merged from its messages. Partitioned by business_date, the day of event_time in Asia/Kolkata.';

create table public.daily_upi_summary (
  date date not null,
  total_txns bigint not null,
  success_txns bigint not null,
  failed_txns bigint not null,
  pending_txns bigint not null,
  reversed_txns bigint not null,
  total_amount numeric(38,2) not null,
  attempted_amount numeric(38,2) not null,
  refund_txns bigint not null,
  refund_amount numeric(38,2) not null,
  net_amount numeric(38,2) not null,
  success_rate numeric(7,6),
  terminal_success_rate numeric(7,6),
  td_txns bigint not null,
  bd_txns bigint not null,
  unique_payers bigint not null,
  unique_payees bigint not null,
  avg_ticket numeric(38,2),
  p50_latency_ms bigint,
  p95_latency_ms bigint,
  p99_latency_ms bigint,
  constraint daily_upi_summary_pkey PRIMARY KEY (date)
);

create table public.decline_upi_summary (
  date date not null,
  response_code text collate "C" not null,
  class text collate "C",
  txns bigint not null,
  constraint decline_upi_summary_pkey PRIMARY KEY (date, response_code)
);

create table public.dim_merchants (
  merchant_id text collate "C" not null,
  first_transaction_date date not null,
  last_transaction_date date not null,
  active_days integer not null,
  total_transactions bigint not null,
  total_revenue numeric(38,2) not null,
  avg_transaction_amount numeric(38,2),
  successful_transactions bigint not null,
  success_rate numeric(7,6),
  constraint dim_merchants_pkey PRIMARY KEY (merchant_id)
);

create table public.fact_upi_aggregates (
  txn_date date not null,
  total_txns bigint not null,
  total_amount numeric(38,2) not null,
  success_rate numeric(7,6),
  success_txns bigint not null,
  failed_txns bigint not null,
  pending_txns bigint not null,
  avg_txn_amount numeric(38,2),
  min_txn_amount numeric(38,2),
  max_txn_amount numeric(38,2),
  unique_payers bigint not null,
  unique_payees bigint not null,
  unique_handles bigint not null,
  constraint fact_upi_aggregates_pkey PRIMARY KEY (txn_date)
);

create table public.handle_upi_summary (
  date date not null,
  handle text collate "C" not null,
  side text collate "C" not null,
  txns bigint not null,
  approved bigint not null,
  td bigint not null,
  bd bigint not null,
  reversals bigint not null,
  approved_rate numeric(7,6),
  td_rate numeric(7,6),
  bd_rate numeric(7,6),
  constraint handle_upi_summary_pkey PRIMARY KEY (date, handle, side),
  constraint handle_upi_summary_side_check CHECK ((side = ANY (ARRAY['payer'::text, 'payee'::text])))
);

create table public.hourly_upi_summary (
  date date not null,
  hour smallint not null,
  total_txns bigint not null,
  success_txns bigint not null,
  failed_txns bigint not null,
  pending_txns bigint not null,
  reversed_txns bigint not null,
  amount numeric(38,2) not null,
  constraint hourly_upi_summary_pkey PRIMARY KEY (date, hour),
  constraint hourly_upi_summary_hour_check CHECK (((hour >= 0) AND (hour <= 23)))
);

create table public.merchant_upi_summary (
  merchant text collate "C" not null,
  date date not null,
  total_txns bigint not null,
  success_txns bigint not null,
  failed_txns bigint not null,
  pending_txns bigint not null,
  amount numeric(38,2) not null,
  attempted_amount numeric(38,2) not null,
  refund_amount numeric(38,2) not null,
  net_amount numeric(38,2) not null,
  unique_payers bigint not null,
  avg_ticket numeric(38,2),
  success_rate numeric(7,6),
  constraint merchant_upi_summary_pkey PRIMARY KEY (merchant, date)
);
CREATE INDEX merchant_upi_summary_date ON public.merchant_upi_summary USING btree (date);

create table public.raw_upi_transactions (
  kafka_timestamp timestamp with time zone not null,
  kafka_offset bigint not null,
  received_at timestamp with time zone not null default now(),
  epoch integer not null default 0,
  kafka_partition integer not null,
  business_date date,
  topic text collate "C" not null,
  message_key text collate "C",
  txn_id text collate "C",
  payload text collate "C",
  payload_bytes bytea,
  constraint raw_upi_transactions_pkey PRIMARY KEY (kafka_partition, kafka_offset, kafka_timestamp, topic, epoch)
) partition by RANGE (kafka_timestamp);
CREATE INDEX raw_upi_transactions_business_date ON ONLY public.raw_upi_transactions USING brin (business_date);
CREATE INDEX raw_upi_transactions_txn_id ON ONLY public.raw_upi_transactions USING hash (txn_id);
comment on table public.raw_upi_transactions is 'Every message once, as received. Partitioned by the UTC day of kafka_timestamp; txn_id and business_date are null if it was rejected.';

create table public.rejected_upi_transactions (
  kafka_timestamp timestamp with time zone not null,
  kafka_offset bigint not null,
  rejected_at timestamp with time zone not null default now(),
  resolved_at timestamp with time zone,
  relayed_at timestamp with time zone,
  epoch integer not null default 0,
  kafka_partition integer not null,
  topic text collate "C" not null,
  reason_code text collate "C" not null,
  reasons text[] collate "C" not null,
  detail text,
  payload text collate "C",
  payload_bytes bytea,
  resolution text collate "C",
  resolved_by text,
  constraint rejected_upi_transactions_pkey PRIMARY KEY (kafka_partition, kafka_offset, topic, epoch),
  constraint rejected_upi_transactions_check CHECK (((resolution IS NULL) = (resolved_at IS NULL)))
);
CREATE INDEX rejected_upi_transactions_open ON public.rejected_upi_transactions USING btree (rejected_at) WHERE (resolution IS NULL);
CREATE INDEX rejected_upi_transactions_reason ON public.rejected_upi_transactions USING btree (reason_code, rejected_at);
CREATE INDEX rejected_upi_transactions_to_relay ON public.rejected_upi_transactions USING btree (rejected_at) WHERE (relayed_at IS NULL);
comment on table public.rejected_upi_transactions is 'Dead letters: reason_code is the first broken rule, reasons are all; relayed_at is when the copy went to the dead letter topic.';

create table public.settlement_upi_summary (
  settlement_date date not null,
  cycle smallint not null,
  txns bigint not null,
  amount numeric(38,2) not null,
  constraint settlement_upi_summary_pkey PRIMARY KEY (settlement_date, cycle),
  constraint settlement_upi_summary_cycle_check CHECK (((cycle >= 1) AND (cycle <= 10)))
);

create view public.stg_upi_transactions as
 SELECT txn_id,
    business_date AS txn_date,
    event_time,
    completed_at,
    status,
    amount,
    latency_ms,
    response_code,
    decline_class,
    type,
    channel,
    mcc,
    payer_key,
    payer_handle,
    payer_bank,
    payee_key,
    payee_handle,
    payee_bank,
    original_txn_id,
    type IS DISTINCT FROM 'REFUND'::text AS is_payment,
    status = 'SUCCESS'::text AS is_success,
    status = ANY (ARRAY['FAILED'::text, 'EXPIRED'::text, 'DECLINED'::text]) AS is_failed,
    status = ANY (ARRAY['PENDING'::text, 'DEEMED'::text]) AS is_pending,
    status = 'REVERSED'::text AS is_reversed,
    status <> ALL (ARRAY['PENDING'::text, 'DEEMED'::text]) AS is_terminal,
        CASE
            WHEN type = 'REFUND'::text THEN payer
            WHEN strpos(payee, '*'::text) = 0 THEN payee
            ELSE NULL::text
        END AS merchant
   FROM public.clean_upi_transactions;

create table public.upi_alerts (
  alert_id bigint generated always as identity not null,
  rule text collate "C" not null,
  severity text collate "C" not null,
  state text collate "C" not null,
  entity text collate "C" not null,
  window_start timestamp with time zone,
  event_time timestamp with time zone not null,
  txn_id text collate "C",
  details jsonb not null default '{}'::jsonb,
  raised_at timestamp with time zone not null default now(),
  changed_at timestamp with time zone not null default now(),
  relayed_at timestamp with time zone,
  acknowledged_at timestamp with time zone,
  acknowledged_by text,
  constraint upi_alerts_pkey PRIMARY KEY (alert_id),
  constraint upi_alerts_check CHECK (((window_start IS NOT NULL) OR (txn_id IS NOT NULL))),
  constraint upi_alerts_check1 CHECK (((acknowledged_at IS NULL) = (acknowledged_by IS NULL))),
  constraint upi_alerts_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  constraint upi_alerts_state_check CHECK ((state = ANY (ARRAY['provisional'::text, 'confirmed'::text, 'withdrawn'::text]))),
  constraint upi_alerts_rule_entity_window_start_txn_id_key UNIQUE NULLS NOT DISTINCT (rule, entity, window_start, txn_id)
);
CREATE INDEX upi_alerts_event_time ON public.upi_alerts USING btree (event_time);
CREATE INDEX upi_alerts_open ON public.upi_alerts USING btree (severity) WHERE ((acknowledged_at IS NULL) AND (state <> 'withdrawn'::text));
CREATE INDEX upi_alerts_to_relay ON public.upi_alerts USING btree (alert_id) WHERE ((relayed_at IS NULL) OR (relayed_at < changed_at));
comment on table public.upi_alerts is 'What the rules raised, by event time; entity is a key or a mask. relayed_at is when the present state went to topic upi_alerts.';

create view public.upi_five_minute_metrics as
 SELECT date_bin('00:05:00'::interval, window_start, '2000-01-01 00:00:00+00'::timestamp with time zone) AS window_start,
    payer_handle,
    status,
    sum(txns)::bigint AS txns,
    sum(amount)::numeric(38,2) AS amount,
    sum(td)::bigint AS td,
    sum(bd)::bigint AS bd,
    sum(p2p)::bigint AS p2p,
    sum(p2m)::bigint AS p2m,
    sum(refunds)::bigint AS refunds,
    sum(refund_amount)::numeric(38,2) AS refund_amount,
    sum(late)::bigint AS late,
    sum(latency_250ms)::bigint AS latency_250ms,
    sum(latency_500ms)::bigint AS latency_500ms,
    sum(latency_1s)::bigint AS latency_1s,
    sum(latency_2s)::bigint AS latency_2s,
    sum(latency_3s)::bigint AS latency_3s,
    sum(latency_5s)::bigint AS latency_5s,
    sum(latency_10s)::bigint AS latency_10s,
    sum(latency_15s)::bigint AS latency_15s,
    sum(latency_20s)::bigint AS latency_20s,
    sum(latency_30s)::bigint AS latency_30s,
    sum(latency_over)::bigint AS latency_over
   FROM ops.minute_metrics
  GROUP BY (date_bin('00:05:00'::interval, window_start, '2000-01-01 00:00:00+00'::timestamp with time zone)), payer_handle, status
 HAVING sum(txns) <> 0::numeric OR sum(refunds) <> 0::numeric;

create view public.upi_minute_metrics as
 SELECT window_start,
    payer_handle,
    status,
    sum(txns)::bigint AS txns,
    sum(amount)::numeric(38,2) AS amount,
    sum(td)::bigint AS td,
    sum(bd)::bigint AS bd,
    sum(p2p)::bigint AS p2p,
    sum(p2m)::bigint AS p2m,
    sum(refunds)::bigint AS refunds,
    sum(refund_amount)::numeric(38,2) AS refund_amount,
    sum(late)::bigint AS late,
    sum(latency_250ms)::bigint AS latency_250ms,
    sum(latency_500ms)::bigint AS latency_500ms,
    sum(latency_1s)::bigint AS latency_1s,
    sum(latency_2s)::bigint AS latency_2s,
    sum(latency_3s)::bigint AS latency_3s,
    sum(latency_5s)::bigint AS latency_5s,
    sum(latency_10s)::bigint AS latency_10s,
    sum(latency_15s)::bigint AS latency_15s,
    sum(latency_20s)::bigint AS latency_20s,
    sum(latency_30s)::bigint AS latency_30s,
    sum(latency_over)::bigint AS latency_over
   FROM ops.minute_metrics
  GROUP BY window_start, payer_handle, status
 HAVING sum(txns) <> 0::numeric OR sum(refunds) <> 0::numeric;

CREATE OR REPLACE FUNCTION ops.count_raw(first_day date, last_day date)
 RETURNS TABLE(raw_day date, topic text, epoch integer, kafka_partition integer, messages bigint, rejected bigint, first_offset bigint, last_offset bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT ((r.kafka_timestamp AT TIME ZONE 'UTC'::text))::date AS timezone,
     r.topic,
     r.epoch,
     r.kafka_partition,
     count(*) AS count,
     count(*) FILTER (WHERE (r.txn_id IS NULL)) AS count,
     min(r.kafka_offset) AS min,
     max(r.kafka_offset) AS max
    FROM public.raw_upi_transactions r
   WHERE ((r.kafka_timestamp >= ((count_raw.first_day)::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (r.kafka_timestamp < (((count_raw.last_day + 1))::timestamp without time zone AT TIME ZONE 'UTC'::text)))
   GROUP BY (((r.kafka_timestamp AT TIME ZONE 'UTC'::text))::date), r.topic, r.epoch, r.kafka_partition;
END
;
comment on function ops.count_raw(date,date) is 'Messages in raw by UTC day, topic, epoch and partition: one side of the books.';

CREATE OR REPLACE FUNCTION ops.count_sessions()
 RETURNS TABLE(role text, state text, sessions bigint, longest_query_seconds double precision, longest_transaction_seconds double precision)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT
         CASE
             WHEN (s.usename = ANY (ARRAY['upi_admin'::name, 'upi_ingest'::name, 'upi_transform'::name, 'upi_api'::name, 'upi_report'::name, 'upi_backup'::name])) THEN (s.usename)::text
             ELSE 'other'::text
         END AS "case",
         CASE
             WHEN (s.state = ANY (ARRAY['active'::text, 'idle'::text])) THEN s.state
             WHEN (s.state ~~ 'idle in transaction%'::text) THEN 'idle in transaction'::text
             ELSE 'other'::text
         END AS "case",
     count(*) AS count,
     max((EXTRACT(epoch FROM (clock_timestamp() - s.query_start)))::double precision) FILTER (WHERE ((s.state = 'active'::text) AND (s.datname = current_database()) AND (s.pid <> pg_backend_pid()))) AS max,
     max((EXTRACT(epoch FROM (clock_timestamp() - s.xact_start)))::double precision) FILTER (WHERE ((s.datname = current_database()) AND (s.pid <> pg_backend_pid()))) AS max
    FROM pg_stat_activity s
   WHERE ((s.usename IS NOT NULL) AND (COALESCE(s.backend_type, 'client backend'::text) = 'client backend'::text))
   GROUP BY
         CASE
             WHEN (s.usename = ANY (ARRAY['upi_admin'::name, 'upi_ingest'::name, 'upi_transform'::name, 'upi_api'::name, 'upi_report'::name, 'upi_backup'::name])) THEN (s.usename)::text
             ELSE 'other'::text
         END,
         CASE
             WHEN (s.state = ANY (ARRAY['active'::text, 'idle'::text])) THEN s.state
             WHEN (s.state ~~ 'idle in transaction%'::text) THEN 'idle in transaction'::text
             ELSE 'other'::text
         END;
END
;
comment on function ops.count_sessions() is 'Sessions of the whole server by role and state; the longest statement and transaction in this database, in seconds. Never what a statement says.';

CREATE OR REPLACE FUNCTION ops.end_long_reports(longest interval)
 RETURNS bigint
 LANGUAGE sql
 STRICT SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT count(*) FILTER (WHERE pg_terminate_backend(s.pid)) AS count
    FROM pg_stat_activity s
   WHERE ((s.usename = 'upi_report'::name) AND (s.datname = current_database()) AND (s.xact_start < (clock_timestamp() - end_long_reports.longest)));
END
;
comment on function ops.end_long_reports(interval) is 'Ends the sessions of the reporting role that have been in one transaction for longer, and says how many: a session may lift the limits that it begins with.';

CREATE OR REPLACE FUNCTION ops.ensure_partitions(parent text, first_day date, last_day date)
 RETURNS TABLE(day date, outcome text)
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT p.day,
     p.outcome
    FROM ops.ensure_partitions(ensure_partitions.parent, ARRAY( SELECT (ensure_partitions.first_day + i.i)
            FROM generate_series(0, (ensure_partitions.last_day - ensure_partitions.first_day)) i(i))) p(day, outcome);
END
;

CREATE OR REPLACE FUNCTION ops.ensure_partitions(parent text, days date[])
 RETURNS TABLE(day date, outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
declare
  days_max constant integer := 500;
  known constant text[] := array['raw_upi_transactions', 'clean_upi_transactions'];
  child regclass;
begin
  if parent is null or parent <> all (known) then
    raise exception 'no partitions are made for %', coalesce(parent, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  if cardinality(days) > days_max then
    raise exception '% days asked for, % at most in one call', cardinality(days), days_max
      using errcode = 'invalid_parameter_value';
  end if;
  if exists (select from unnest(days) as d where d is null or d not between '1969-12-31' and '2199-12-31') then
    raise exception 'a day to make is null, or not within 1970 and 2199'
      using errcode = 'invalid_parameter_value';
  end if;
  -- Two sessions that lack the same day take turns, by the lock that attaching needs anyhow. Not by an advisory lock:
  -- whoever waits for one does not hear of what was made meanwhile, and would make it again.
  if exists (select from unnest(days) as d
             where to_regclass('partitions.' || parent || to_char(d, '_YYYYMMDD')) is null) then
    execute format('lock table only public.%I in share update exclusive mode', parent);
  end if;
  for day in select distinct d from unnest(days) as d order by d loop
    child := to_regclass('partitions.' || parent || to_char(day, '_YYYYMMDD'));
    if child is not null then
      outcome := case when pg_partition_root(child) is null then 'archived' else 'there' end;
    elsif parent = 'clean_upi_transactions' and exists (
      select from ops.days as d
      where d.business_date = ensure_partitions.day and d.archived_at is not null
    ) then
      outcome := 'archived';
    else
      perform ops.make_partition(parent, day);
      outcome := 'made';
    end if;
    return next;
  end loop;
end
$function$
;
comment on function ops.ensure_partitions(text,date[]) is 'Makes what is missing of these days and says of each: made, there, or archived (it left for the lake; nothing is made). Call it outside of a batch''s transaction; 55P03 means try again.';

CREATE OR REPLACE FUNCTION ops.latency_quantile(share double precision, counts bigint[])
 RETURNS double precision
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    declare
      bounds constant float8[] := '{0, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 20, 30}';
      sought float8 := 0;
      passed float8 := 0;
    begin
      for i in 1 .. 11 loop
        sought := sought + share * counts[i];
      end loop;
      if sought <= 0 then return null; end if;
      for i in 1 .. 10 loop
        if passed + counts[i] >= sought then
          return bounds[i] + (bounds[i + 1] - bounds[i]) * (sought - passed) / counts[i];
        end if;
        passed := passed + counts[i];
      end loop;
      return 30;
    end $function$
;
comment on function ops.latency_quantile(double precision,bigint[]) is 'Seconds within which a share of answers came, by the eleven latency buckets of the minute metrics: linear inside a bucket, 30 beyond the last bound, null if there were none.';

CREATE OR REPLACE FUNCTION ops.make_partition(parent text, day date)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  child text := parent || to_char(day, '_YYYYMMDD');
  is_clean boolean := parent = 'clean_upi_transactions';
  ist_day text := format(
    'constraint event_time_day check (event_time >= %L and event_time < %L)',
    day || ' 00:00:00+05:30', day + 1 || ' 00:00:00+05:30'
  );
begin
  execute format(
    'create table partitions.%I (like public.%I including all %s)
     with (autovacuum_vacuum_insert_scale_factor = 0.05)',
    child, parent, case when is_clean then ', ' || ist_day end
  );
  execute format(
    'alter table public.%I attach partition partitions.%I for values from (%L) to (%L)',
    parent, child,
    case when is_clean then day::text else day || ' 00:00:00+00' end,
    case when is_clean then (day + 1)::text else day + 1 || ' 00:00:00+00' end
  );
end
$function$
;

CREATE OR REPLACE FUNCTION ops.note_reveal(actor text, reason text, subject text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if coalesce(btrim(actor), '') = '' or coalesce(btrim(reason), '') = '' then
    raise exception 'to reveal a payload needs an actor and a reason'
      using errcode = 'invalid_parameter_value';
  end if;
  insert into ops.audit_log (actor, action, subject, reason)
  values (actor, 'reveal', subject, reason);
end
$function$
;

CREATE OR REPLACE FUNCTION ops.reported_status(payload text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return payload::json ->> 'status';
exception when others then
  return null;
end
$function$
;

CREATE OR REPLACE FUNCTION ops.reveal_rejected(of_topic text, of_epoch integer, of_partition integer, of_offset bigint, actor text, reason text)
 RETURNS SETOF public.rejected_upi_transactions
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform ops.note_reveal(actor, reason,
    format('rejected %s/%s/%s/%s', of_topic, of_epoch, of_partition, of_offset));
  return query select r.* from public.rejected_upi_transactions as r
    where r.topic = of_topic and r.epoch = of_epoch
      and r.kafka_partition = of_partition and r.kafka_offset = of_offset;
end
$function$
;

CREATE OR REPLACE FUNCTION ops.reveal_transaction(wanted text, actor text, reason text)
 RETURNS SETOF public.raw_upi_transactions
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform ops.note_reveal(actor, reason, 'transaction ' || wanted);
  return query select r.* from public.raw_upi_transactions as r where r.txn_id = wanted
    order by r.kafka_timestamp, r.kafka_partition, r.kafka_offset;
end
$function$
;

CREATE OR REPLACE FUNCTION ops.rupees(amount numeric)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    declare
      digits constant text := to_char(amount, 'FM99,99,99,99,99,99,99,99,990.00');
    begin
      return lpad(digits, greatest(20, length(digits)), chr(8199));
    end $function$
;
comment on function ops.rupees(numeric) is 'An amount in digits grouped as in India, 12,34,567.00, padded to one length.';

CREATE OR REPLACE FUNCTION ops.transaction_messages(wanted text)
 RETURNS TABLE(topic text, epoch integer, kafka_partition integer, kafka_offset bigint, kafka_timestamp timestamp with time zone, received_at timestamp with time zone, reported_status text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT r.topic,
     r.epoch,
     r.kafka_partition,
     r.kafka_offset,
     r.kafka_timestamp,
     r.received_at,
     ops.reported_status(r.payload) AS reported_status
    FROM public.raw_upi_transactions r
   WHERE (r.txn_id = transaction_messages.wanted)
   ORDER BY r.kafka_timestamp, r.kafka_partition, r.kafka_offset;
END
;
comment on function ops.transaction_messages(text) is 'The messages of one transaction as they came, without what they hold but for the status.';

alter default privileges for role upi_admin revoke execute on functions from public;

alter table public.bank_upi_summary owner to upi_transform;
alter table public.category_upi_summary owner to upi_transform;
alter table public.daily_upi_summary owner to upi_transform;
alter table public.decline_upi_summary owner to upi_transform;
alter table public.dim_merchants owner to upi_transform;
alter table public.fact_upi_aggregates owner to upi_transform;
alter table public.handle_upi_summary owner to upi_transform;
alter table public.hourly_upi_summary owner to upi_transform;
alter table public.merchant_upi_summary owner to upi_transform;
alter table public.settlement_upi_summary owner to upi_transform;
alter view public.stg_upi_transactions owner to upi_transform;

grant usage on schema public to public;
grant create, usage on schema public to upi_admin;
grant execute on function ops.count_raw(date,date) to upi_api;
grant execute on function ops.latency_quantile(double precision,bigint[]) to upi_api;
grant execute on function ops.reveal_rejected(text,integer,integer,bigint,text,text) to upi_api;
grant execute on function ops.reveal_transaction(text,text,text) to upi_api;
grant execute on function ops.rupees(numeric) to upi_api;
grant execute on function ops.transaction_messages(text) to upi_api;
grant insert, select, update (last_used_at, revoked_at, revoked_by) on ops.api_keys to upi_api;
grant insert, select on ops.audit_log to upi_api;
grant select on ops.book_checks to upi_api;
grant select on ops.day_revisions to upi_api;
grant select on ops.day_status to upi_api;
grant select on ops.decline_codes to upi_api;
grant select on ops.decline_meanings to upi_api;
grant select on ops.dirty_models to upi_api;
grant select on ops.lake_files to upi_api;
grant select on ops.minute_deltas to upi_api;
grant select on ops.model_builds to upi_api;
grant select on ops.model_days to upi_api;
grant select on ops.model_runs to upi_api;
grant select on ops.reconciliations to upi_api;
grant select on ops.rejected_messages to upi_api;
grant select on ops.stream_batches to upi_api;
grant select on ops.stream_books to upi_api;
grant select on ops.stream_epochs to upi_api;
grant select on ops.stream_gaps to upi_api;
grant select on ops.stream_offsets to upi_api;
grant select on ops.stream_rules to upi_api;
grant select on ops.stream_status to upi_api;
grant select on ops.txn_conflicts to upi_api;
grant select on public.bank_upi_summary to upi_api;
grant select on public.category_upi_summary to upi_api;
grant select on public.clean_upi_transactions to upi_api;
grant select on public.daily_upi_summary to upi_api;
grant select on public.decline_upi_summary to upi_api;
grant select on public.dim_merchants to upi_api;
grant select on public.fact_upi_aggregates to upi_api;
grant select on public.handle_upi_summary to upi_api;
grant select on public.hourly_upi_summary to upi_api;
grant select on public.merchant_upi_summary to upi_api;
grant select on public.settlement_upi_summary to upi_api;
grant select, update (acknowledged_at, acknowledged_by) on public.upi_alerts to upi_api;
grant select on public.upi_five_minute_metrics to upi_api;
grant select on public.upi_minute_metrics to upi_api;
grant usage on schema ops to upi_api;
grant execute on function ops.count_raw(date,date) to upi_ingest;
grant execute on function ops.ensure_partitions(text,date,date) to upi_ingest;
grant execute on function ops.ensure_partitions(text,date[]) to upi_ingest;
grant insert, select on ops.audit_log to upi_ingest;
grant select on ops.day_status to upi_ingest;
grant select on ops.days to upi_ingest;
grant select on ops.decline_codes to upi_ingest;
grant select on ops.decline_meanings to upi_ingest;
grant insert, select on ops.dirty_keys to upi_ingest;
grant select on ops.dirty_models to upi_ingest;
grant insert, select, update on ops.folded_days to upi_ingest;
grant select on ops.lake_files to upi_ingest;
grant delete, insert, select, update on ops.minute_metrics to upi_ingest;
grant select on ops.model_builds to upi_ingest;
grant select on ops.rejected_messages to upi_ingest;
grant insert, select on ops.stream_batches to upi_ingest;
grant select on ops.stream_books to upi_ingest;
grant insert, select on ops.stream_epochs to upi_ingest;
grant delete, insert, select, update on ops.stream_gaps to upi_ingest;
grant insert, select, update on ops.stream_offsets to upi_ingest;
grant insert, select on ops.stream_rules to upi_ingest;
grant select on ops.stream_status to upi_ingest;
grant delete, insert, select on ops.txn_conflicts to upi_ingest;
grant delete, insert, select, update on public.clean_upi_transactions to upi_ingest;
grant insert, select, update (business_date, txn_id) on public.raw_upi_transactions to upi_ingest;
grant insert, select, update (resolved_at, relayed_at, resolution, resolved_by) on public.rejected_upi_transactions to upi_ingest;
grant delete, insert, select, update on public.upi_alerts to upi_ingest;
grant select on public.upi_five_minute_metrics to upi_ingest;
grant select on public.upi_minute_metrics to upi_ingest;
grant usage on schema ops to upi_ingest;
grant execute on function ops.latency_quantile(double precision,bigint[]) to upi_report;
grant execute on function ops.rupees(numeric) to upi_report;
grant select on ops.book_checks to upi_report;
grant select on ops.day_status to upi_report;
grant select on ops.decline_meanings to upi_report;
grant select on ops.dirty_models to upi_report;
grant select on ops.minute_deltas to upi_report;
grant select on ops.model_builds to upi_report;
grant select on ops.rejected_messages to upi_report;
grant select on ops.stream_books to upi_report;
grant select on ops.stream_status to upi_report;
grant select on public.bank_upi_summary to upi_report;
grant select on public.category_upi_summary to upi_report;
grant select on public.daily_upi_summary to upi_report;
grant select on public.decline_upi_summary to upi_report;
grant select on public.dim_merchants to upi_report;
grant select on public.fact_upi_aggregates to upi_report;
grant select on public.handle_upi_summary to upi_report;
grant select on public.hourly_upi_summary to upi_report;
grant select on public.merchant_upi_summary to upi_report;
grant select on public.settlement_upi_summary to upi_report;
grant select on public.upi_alerts to upi_report;
grant select on public.upi_five_minute_metrics to upi_report;
grant select on public.upi_minute_metrics to upi_report;
grant usage on schema ops to upi_report;
grant execute on function ops.count_raw(date,date) to upi_transform;
grant execute on function ops.count_sessions() to upi_transform;
grant execute on function ops.end_long_reports(interval) to upi_transform;
grant execute on function ops.transaction_messages(text) to upi_transform;
grant insert, select on ops.audit_log to upi_transform;
grant insert, select on ops.day_revisions to upi_transform;
grant select on ops.day_status to upi_transform;
grant insert, select, update on ops.days to upi_transform;
grant select on ops.decline_codes to upi_transform;
grant select on ops.decline_meanings to upi_transform;
grant delete, insert, select on ops.dirty_keys to upi_transform;
grant select on ops.dirty_models to upi_transform;
grant insert, select, update on ops.discovery to upi_transform;
grant insert, select, update on ops.lake_files to upi_transform;
grant select on ops.minute_metrics to upi_transform;
grant select on ops.model_builds to upi_transform;
grant delete, insert, select, update on ops.model_days to upi_transform;
grant insert, select on ops.model_runs to upi_transform;
grant insert, select, update on ops.reconciliations to upi_transform;
grant select on ops.rejected_messages to upi_transform;
grant select on ops.stream_batches to upi_transform;
grant select on ops.stream_books to upi_transform;
grant select on ops.stream_epochs to upi_transform;
grant select on ops.stream_gaps to upi_transform;
grant select on ops.stream_offsets to upi_transform;
grant select on ops.stream_rules to upi_transform;
grant select on ops.stream_status to upi_transform;
grant select on ops.txn_conflicts to upi_transform;
grant select on public.clean_upi_transactions to upi_transform;
grant select (severity, state, acknowledged_at) on public.upi_alerts to upi_transform;
grant select on public.upi_five_minute_metrics to upi_transform;
grant select on public.upi_minute_metrics to upi_transform;
grant usage on schema ops to upi_transform;
grant create, usage on schema public to upi_transform;
