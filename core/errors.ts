/**
 * The one table of error codes. The kind is an instruction to whoever catches it:
 * `reject` a message is refused and kept, `retry` the outside is away: back off and try again,
 * `stop` a person must act before it can work, `no` the question was answered with no, `usage` the call was wrong,
 * `bug` ours: alert, and stop if state is in doubt.
 */
export const ERRORS = {
  // Messages, in the order in which the rules are applied.
  EMPTY: { kind: 'reject', summary: 'The value is null or of zero length.' },
  TOO_LARGE: { kind: 'reject', summary: 'The value is larger than 64 KiB.' },
  SCHEMA_UNKNOWN: {
    kind: 'reject',
    summary: 'Framed with a schema id that the registry does not have.',
  },
  SCHEMA_MISMATCH: { kind: 'reject', summary: 'The framed body does not decode by its schema.' },
  NOT_UTF8: { kind: 'reject', summary: 'The bytes are not UTF-8, or a used field holds a NUL.' },
  NOT_JSON: { kind: 'reject', summary: 'The text is not JSON.' },
  NOT_OBJECT: { kind: 'reject', summary: 'The JSON is not an object.' },
  FIELD_MISSING: { kind: 'reject', summary: 'A required field is absent or null.' },
  FIELD_TYPE: { kind: 'reject', summary: 'A required field has the wrong JSON type.' },
  TXN_ID_FORMAT: { kind: 'reject', summary: 'The transaction id breaks the profile in force.' },
  VPA_FORMAT: { kind: 'reject', summary: 'A VPA is not local@handle.' },
  AMOUNT_NOT_DECIMAL: { kind: 'reject', summary: 'The amount is not a decimal number.' },
  AMOUNT_SCALE: { kind: 'reject', summary: 'The amount has more than two decimals.' },
  AMOUNT_NOT_POSITIVE: { kind: 'reject', summary: 'The amount is zero or less.' },
  AMOUNT_OVER_LIMIT: { kind: 'reject', summary: 'The amount is above UPI_AMOUNT_LIMIT.' },
  STATUS_UNKNOWN: { kind: 'reject', summary: 'The status is not one of the known words.' },
  TIMESTAMP_FORMAT: { kind: 'reject', summary: 'The timestamp is not an ISO 8601 date and time.' },
  TIMESTAMP_NO_ZONE: { kind: 'reject', summary: 'The timestamp carries no zone.' },
  TIMESTAMP_FUTURE: { kind: 'reject', summary: 'The timestamp is too far ahead of Kafka.' },
  TIMESTAMP_ANCIENT: {
    kind: 'reject',
    summary: 'The timestamp is older than UPI_EVENT_AGE_DAYS_MAX.',
  },
  FIELD_VALUE: {
    kind: 'reject',
    summary: 'An optional field is malformed: it becomes null (a warning).',
  },
  INTERNAL: { kind: 'reject', summary: 'A processor threw, or Postgres refused the row.' },

  // Wrong use and wrong settings.
  CONFIG_INVALID: { kind: 'usage', summary: 'A setting is missing or malformed.' },
  OPTION_INVALID: { kind: 'usage', summary: 'An option is unknown or malformed.' },
  PLAINTEXT_REFUSED: {
    kind: 'usage',
    summary: 'A server beyond loopback would be reached without TLS.',
  },

  // The answer is no.
  BACKFILL_DIFFERS: {
    kind: 'no',
    summary: 'A backfill of the same range is running with other inputs.',
  },
  BACKUP_BROKEN: { kind: 'no', summary: 'A backup is not whole, or not as it was written.' },
  CHECK_FAILED: { kind: 'no', summary: 'A check ran and failed.' },
  LETTER_UNKNOWN: { kind: 'no', summary: 'There is no dead letter at this place.' },
  NOT_CSV: { kind: 'no', summary: "A line of an import is no CSV record of the header's width." },
  OFFSETS_HELD: { kind: 'no', summary: 'Offsets may not be moved now, or not there.' },
  NOT_READY: { kind: 'no', summary: 'The platform is not running, or not ready.' },
  RESTORE_REFUSED: { kind: 'no', summary: 'A restore would meet data, or lacks the secrets.' },
  RUN_FAILED: { kind: 'no', summary: 'A workflow ended without a result.' },
  SCHEMA_INCOMPATIBLE: {
    kind: 'no',
    summary: 'The message schema would break readers or writers.',
  },
  STREAM_BEHIND: { kind: 'no', summary: 'The stream has not written what Kafka held.' },
  TOPIC_DRIFT: { kind: 'no', summary: 'A topic differs from the settings.' },

  // A person must act.
  BACKUP_FAILED: { kind: 'stop', summary: 'The server cannot give a base backup.' },
  BACKUP_UNWRITABLE: { kind: 'stop', summary: 'The folder of the backups cannot be written.' },
  BATCH_UNREADABLE: {
    kind: 'stop',
    summary: 'A batch is corrupt, or would unpack to more than it may.',
  },
  CACHE_UNWRITABLE: { kind: 'stop', summary: 'The cache or the state folder cannot be written.' },
  CHECKSUM_MISMATCH: { kind: 'stop', summary: 'A downloaded part is not the one that was pinned.' },
  DISK_FULL: { kind: 'stop', summary: 'The disk is full.' },
  INPUT_BROKEN: { kind: 'stop', summary: 'A file to import ends in the middle or cannot be read.' },
  KAFKA_REFUSED: {
    kind: 'stop',
    summary: 'Kafka does not let us in, or is not who it should be.',
  },
  MIGRATION_FAILED: { kind: 'stop', summary: 'A migration failed; nothing of it was kept.' },
  PORT_TAKEN: { kind: 'stop', summary: 'A port of the stack is taken by another program.' },
  POSTGRES_REFUSED: {
    kind: 'stop',
    summary: 'Postgres does not let us in, or is not who it should be.',
  },
  POSTGRES_RIGHTS: { kind: 'stop', summary: 'The database user may not do what is asked.' },
  POSTGRES_ROOT: { kind: 'stop', summary: 'Postgres cannot run as root here.' },
  POSTGRES_VERSION: { kind: 'stop', summary: 'The Postgres server is too old.' },
  TOPIC_MISSING: { kind: 'stop', summary: 'A topic does not exist.' },
  TOOL_MISSING: { kind: 'stop', summary: 'A program that the stack needs is not installed.' },
  OFFSET_LOST: { kind: 'stop', summary: 'The log no longer holds the stored offset.' },
  SCHEMA_UNREGISTERED: {
    kind: 'stop',
    summary: 'The registry lacks the message schema of this version.',
  },
  SCHEMA_VERSION: { kind: 'stop', summary: 'The database has not been migrated to this version.' },
  TEMPORAL_REFUSED: {
    kind: 'stop',
    summary: 'Temporal does not let us in, or lacks the namespace.',
  },

  // The outside is away: back off and try again.
  COMPONENT_FAILED: { kind: 'retry', summary: 'A component of the stack did not start.' },
  KAFKA_UNAVAILABLE: { kind: 'retry', summary: 'Kafka refused or dropped the connection.' },
  OWNER_STALE: { kind: 'retry', summary: 'Another worker owns the partition now.' },
  POSTGRES_BUSY: { kind: 'retry', summary: 'Postgres gave the statement up for another one.' },
  POSTGRES_UNAVAILABLE: { kind: 'retry', summary: 'Postgres refused or dropped the connection.' },
  REGISTRY_UNAVAILABLE: { kind: 'retry', summary: 'The schema registry does not answer.' },
  TEMPORAL_UNAVAILABLE: { kind: 'retry', summary: 'Temporal refused or dropped the connection.' },
  WORKER_UNAVAILABLE: { kind: 'retry', summary: 'No worker takes work from the task queue.' },

  BUG: { kind: 'bug', summary: 'A broken invariant of this program.' },
  MODELS_INVALID: { kind: 'bug', summary: 'The models do not fit together.' },
} as const satisfies Record<string, { kind: ErrorKind; summary: string }>

export type ErrorKind = 'reject' | 'usage' | 'no' | 'stop' | 'retry' | 'bug'
export type ErrorCode = keyof typeof ERRORS

/** The codes under which a message can be refused. */
export type RejectCode = {
  [Code in ErrorCode]: (typeof ERRORS)[Code]['kind'] extends 'reject' ? Code : never
}[ErrorCode]

export const REJECT_CODES = (Object.keys(ERRORS) as ErrorCode[]).filter(
  (code): code is RejectCode => ERRORS[code].kind === 'reject',
)

/** What a process exits with for each kind: 0 done, 1 no, 2 wrong use, 3 the outside is unavailable. */
export const EXIT_CODES: Record<ErrorKind, number> = {
  reject: 1,
  usage: 2,
  no: 1,
  stop: 3,
  retry: 3,
  bug: 1,
}

/** What a process exits with that was told to stop before it was done. */
export const EXIT_INTERRUPTED = 130

/** An error with a code, one sentence for people, and the fix when there is one. */
export class UpiError extends Error {
  readonly code: ErrorCode
  readonly fix: string | undefined

  constructor(code: ErrorCode, message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'UpiError'
    this.code = code
    this.fix = options.fix
  }

  get kind(): ErrorKind {
    return ERRORS[this.code].kind
  }
}
