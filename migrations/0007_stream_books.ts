import { type Kysely, sql } from 'kysely'

/** The stream keeps its offsets, gaps and books beside the rows, so that one commit holds all or none of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createOffsets(db)
  await createBatches(db)
  await createConflicts(db)
}

async function createOffsets(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.stream_epochs (
    topic text collate "C" not null,
    epoch integer not null,
    cluster_id text,
    adopted_at timestamptz not null default now(),
    adopted_by text not null,
    reason text,
    primary key (topic, epoch)
  )`.execute(db)
  await sql`comment on table ops.stream_epochs is
    'Epoch 0 is the topic as first read; offsets adopt adds one when the topic or its cluster is another.'`.execute(
    db,
  )
  // One row is updated by every batch: room on its page keeps that in place.
  await sql`create table ops.stream_offsets (
    consumer_group text collate "C" not null,
    topic text collate "C" not null,
    epoch integer not null default 0,
    kafka_partition integer not null,
    next_offset bigint not null check (next_offset >= 0),
    max_event_time timestamptz,
    updated_at timestamptz not null default now(),
    primary key (consumer_group, topic, epoch, kafka_partition)
  ) with (fillfactor = 20, autovacuum_vacuum_threshold = 200)`.execute(db)
  await sql`comment on table ops.stream_offsets is
    'Where each consumer group goes on: the only truth, Kafka''s own offsets are for lag tools.'`.execute(
    db,
  )
  await sql`create table ops.stream_gaps (
    topic text collate "C" not null,
    epoch integer not null default 0,
    kafka_partition integer not null,
    first_offset bigint not null,
    next_offset bigint not null,
    reason text collate "C" not null check (reason in ('expired', 'begin', 'seek')),
    actor text not null,
    noted_at timestamptz not null default now(),
    primary key (topic, epoch, kafka_partition, first_offset),
    check (next_offset > first_offset)
  )`.execute(db)
  await sql`comment on table ops.stream_gaps is
    'Offsets that were never read, why, and who said so: expired in Kafka, before the first start, or sought over. next_offset is the first after the gap.'`.execute(
    db,
  )
}

async function createBatches(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.stream_batches (
    batch_id bigint generated always as identity primary key,
    kind text collate "C" not null default 'stream' check (kind in ('stream', 'replay', 'rebuild')),
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
    committed_at timestamptz not null default clock_timestamp(),
    check (messages = accepted + rejected),
    check (accepted = inserted + merged + duplicate + conflicting),
    check (next_offset > first_offset)
  )`.execute(db)
  // The stream books a place in the log once; a second time means that a fence has failed.
  await sql`create unique index stream_batches_once on ops.stream_batches
    (kafka_partition, first_offset, raw_day, topic, epoch) where kind = 'stream'`.execute(db)
  await sql`create index stream_batches_committed_at on ops.stream_batches
    using brin (committed_at) with (pages_per_range = 16)`.execute(db)
  await sql`comment on table ops.stream_batches is
    'The books: what became of each message, a row per batch and UTC day of raw; next_offset is the first after the batch.'`.execute(
    db,
  )
  await sql`create table ops.stream_rules (
    rules_version text collate "C" primary key,
    settings jsonb not null,
    first_used_at timestamptz not null default now()
  )`.execute(db)
  await sql`comment on table ops.stream_rules is
    'The settings behind each rules version: what a rebuild must use to get the same rows.'`.execute(
    db,
  )
}

async function createConflicts(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.txn_conflicts (
    kind text collate "C" not null check (kind in ('identity', 'status')),
    topic text collate "C" not null,
    epoch integer not null default 0,
    kafka_partition integer not null,
    kafka_offset bigint not null,
    txn_id text collate "C" not null,
    business_date date not null,
    details jsonb not null default '{}',
    noted_at timestamptz not null default now(),
    primary key (kafka_partition, kafka_offset, topic, epoch, kind)
  )`.execute(db)
  await sql`create index txn_conflicts_txn_id on ops.txn_conflicts (txn_id)`.execute(db)
  await sql`comment on table ops.txn_conflicts is
    'Messages that contradict what is known of their transaction: another amount, payer or payee (the row stays), or two final statuses (the greatest wins).'`.execute(
    db,
  )
}
