import type {
  Big,
  BigByDefault,
  Day,
  Identity,
  InstantByDefault,
  Json,
  JsonByDefault,
  MaybeInstant,
  MaybeJson,
  Optional,
} from './columns.ts'

/** Keys to build again, one row a mark. */
export interface DirtyKeys {
  mark_id: Identity
  model: Optional<string | null>
  business_date: Optional<Day | null>
  merchant: Optional<string | null>
  reason: string
  marked_at: InstantByDefault
}

/** The snapshot up to which changes of a source are marked. */
export interface Discovery {
  source: string
  snapshot: string
  system_identifier: Big
  discovered_at: InstantByDefault
}

/** What runs have built, or failed to build. */
export interface ModelRuns {
  run_id: Identity
  model: string
  business_date: Optional<Day | null>
  state: Optional<'built' | 'failed'>
  fingerprint: string
  rows_inserted: BigByDefault
  rows_updated: BigByDefault
  rows_deleted: BigByDefault
  rows_unchanged: BigByDefault
  seconds: Optional<string | number>
  error: Optional<string | null>
  bad_rows: MaybeJson
  actor: Optional<string | null>
  reason: Optional<string | null>
  finished_at: InstantByDefault
}

/** What each model holds of each day. */
export interface ModelDays {
  model: string
  business_date: Optional<Day | null>
  state: 'built' | 'failed'
  fingerprint: string
  built_at: InstantByDefault
}

/** The state of each business date. */
export interface Days {
  business_date: Day
  state: Optional<'open' | 'closed' | 'revised'>
  closed_at: MaybeInstant
  closed_by: Optional<string | null>
  revision: Optional<number>
  reason: Optional<string | null>
  failed_at: MaybeInstant
  error: Optional<string | null>
  archived_at: MaybeInstant
}

/** What a closed day had reported before it changed. */
export interface DayRevisions {
  business_date: Day
  revision: number
  mart: string
  key: Json
  before: MaybeJson
  after: MaybeJson
  reason: Optional<string | null>
  changed_at: InstantByDefault
}

/** Files of the lake. */
export interface LakeFiles {
  path: string
  source: string
  day: Day
  row_count: Big
  byte_count: Big
  sha256: Buffer
  content_hash: string
  written_at: InstantByDefault
  verified_at: MaybeInstant
  replaced_at: MaybeInstant
}

/** API keys by their hash. */
export interface ApiKeys {
  key_id: string
  name: Optional<string | null>
  role: 'viewer' | 'operator' | 'admin' | 'ingest'
  merchant: Optional<string | null>
  key_hash: Buffer
  created_at: InstantByDefault
  created_by: string
  last_used_at: MaybeInstant
  revoked_at: MaybeInstant
  revoked_by: Optional<string | null>
}

/** Who did what. */
export interface AuditLog {
  audit_id: Identity
  at: InstantByDefault
  actor: string
  db_user: Optional<string>
  action: string
  subject: Optional<string | null>
  reason: Optional<string | null>
  details: JsonByDefault
}

/** What a response code means from a day on; written by migrate from core/decline-codes.ts. */
export interface DeclineCodes {
  code: string
  valid_from: Day
  class: Optional<'TD' | 'BD' | null>
  about: string
}

/** What runs of reconcile have found of each book. */
export interface Reconciliations {
  run_id: string
  first_day: Day
  last_day: Day
  book: string
  state: 'balanced' | 'broken' | 'waits' | 'pending'
  checked: Big
  unit: string
  wrong: Big
  waiting: Big
  line: string
  found: Optional<string | null>
  expected: Optional<string | null>
  keys: readonly string[]
  seconds: string | number
  actor: string
  reconciled_at: InstantByDefault
}

/** Days that need no folding until they change. */
export interface FoldedDays {
  business_date: Day
  content: string
  suspects: readonly string[]
  folded_at: InstantByDefault
}
