import type { ReadOnly } from './columns.ts'

type View<Row> = { [Column in keyof Row]: ReadOnly<Row[Column]> }

/** What is shown beside every daily figure. */
export type DayStatus = View<{
  date: string
  state: 'open' | 'closed' | 'revised'
  failed: boolean
  archived: boolean
  closed_at: Date | null
  revision: number
  reason: string | null
  error: string | null
}>

/** Offsets, for dashboards. */
export type StreamStatus = View<{
  consumer_group: string
  topic: string
  epoch: number
  kafka_partition: number
  next_offset: string
  max_event_time: Date | null
  updated_at: Date
  max_kafka_time: Date | null
}>

/** The books, for dashboards. */
export type StreamBooks = View<{
  committed_at: Date
  kind: string
  topic: string
  epoch: number
  kafka_partition: number
  raw_day: string
  first_offset: string
  next_offset: string
  messages: number
  accepted: number
  rejected: number
  inserted: number
  merged: number
  duplicate: number
  conflicting: number
  gaps: number
  warnings: number
  rules_version: string
  absorbed: number
  pending: number
}>

/** Dead letters without their payload. */
export type RejectedMessages = View<{
  rejected_at: Date
  topic: string
  epoch: number
  kafka_partition: number
  kafka_offset: string
  kafka_timestamp: Date
  reason_code: string
  reasons: string[]
  detail: string | null
  relayed_at: Date | null
  resolution: string | null
  resolved_at: Date | null
}>

/** The ledger, for dashboards. */
export type ModelBuilds = View<{
  run_id: string
  model: string
  business_date: string | null
  state: string
  fingerprint: string
  rows_inserted: string
  rows_updated: string
  rows_deleted: string
  rows_unchanged: string
  seconds: string
  error: string | null
  finished_at: Date
}>

/** How much of each model is dirty, and since when. */
export type DirtyModels = View<{
  model: string | null
  marks: string
  days: string
  oldest_mark: Date
}>

/** What each response code means now. */
export type DeclineMeanings = View<{
  code: string
  class: 'TD' | 'BD' | null
  about: string
}>

/** What reconcile has found, for dashboards. */
export type BookChecks = View<{
  reconciled_at: Date
  run_id: string
  first_day: string
  last_day: string
  book: string
  state: 'balanced' | 'broken' | 'waits' | 'pending'
  checked: string
  unit: string
  wrong: string
  waiting: string
  line: string
  seconds: string
}>
