/** Every ceiling of the platform, unit last, with the reason above it; those of the local stack are in stack-limits.ts. */

// A UPI message is some 400 bytes; what is a hundred times larger is a mistake or an attack.
export const MESSAGE_BYTES_MAX = 65_536

// NPCI's samples need 35; older sources bring their own ids.
export const TXN_ID_CHARS_MAX = 64

// The longest VPA that RFC-like limits allow; account-form VPAs with an IFSC stay under 60.
export const VPA_CHARS_MAX = 255

// What the amount of clean holds, numeric(14,2): a limit of the rules above it would let payments through that no row takes.
export const AMOUNT_LIMIT_PAISE_MAX = 99_999_999_999_999n

// Clocks of payment apps run ahead; what is further ahead would drag watermarks and windows with it.
export const EVENT_AHEAD_MS_MAX = 5 * 60_000

// One transaction of the sink; bounds the memory of a batch and the time its locks are held.
export const BATCH_ROWS_MAX = 10_000

// The same in bytes of key and value: a compressed fetch of 1 MB can hold a thousand times that.
export const BATCH_BYTES_MAX = 8 * 1024 * 1024

// What one batch of 1 MB may unpack to: payments pack ten to twenty times, and what packs far better is an attack.
export const UNPACKED_BATCH_BYTES_MAX = 64 * 1024 * 1024

// The same in records, whose objects take half a kilobyte each. A batch of 1 MiB that is not packed has room for fewer,
// whatever is in it; packed, it may hold a million that are empty, and payments a third as many as this.
export const UNPACKED_BATCH_RECORDS_MAX = 131_072

// What a worker has unpacked and not yet written, its objects included, over all partitions; one batch may come on top.
// Four batches are written at a time and as many prepared, with some 4 MB each; more only waits, and lets a write be late.
export const BYTES_IN_HAND_MAX = 96 * 1024 * 1024

// Batches that a worker prepares or writes at a time: more would only wait for Postgres, each in some 12 MB.
export const BATCHES_IN_HAND_MAX = 4

// One statement of a batch takes milliseconds; a server that has not answered by then is gone.
export const BATCH_STATEMENT_MS_MAX = 30_000

// A batch holds its locks for milliseconds: who waits longer for one looks for a worker that stopped in the middle.
export const BATCH_LOCK_SECONDS_MAX = 5

// A statement of a batch that has waited so long for its worker will not hear from it; a slow network needs seconds.
export const FROZEN_SECONDS_MIN = 10

// Batches in hand are finished when the stream is asked to stop; what takes longer is cut off, and read again.
export const DRAIN_MS_MAX = 8_000

// Kafka and Postgres are back from a restart within seconds: a stream that waits for it stays ready, and nothing flaps.
export const AWAY_MS_MAX = 10_000

// Days made in one call while a batch waits: each call holds the locks of its days for some milliseconds.
export const PARTITION_DAYS_AT_ONCE = 40

// The times of Kafka that have a place in raw: ops.ensure_partitions makes the days of 1970 to 2199, and each batch those
// that follow its own. A topic that was once told to keep its producers' timestamps may hold any time whatever, or none.
export const KAFKA_MS_MIN = 0
export const KAFKA_MS_MAX = Date.UTC(2199, 11, 28) - 1

// City and bank names are short; what is longer is not a name.
export const FIELD_CHARS_MAX = 255

// Models. Under the day's lock a collision is rare and over at once; more than this is a fault.
export const MODEL_BUILD_ATTEMPTS_MAX = 5

// Days that a run builds at a time: one alone leaves half of two cores idle while it sorts, writes and waits for its commit.
export const MODEL_DAYS_AT_ONCE = 2

// Bad rows of a failed check that the ledger keeps: enough to see what is wrong, few enough to be read.
export const BAD_ROWS_KEPT_MAX = 20

// Builds of a model that its page shows: a month of days, and some that were built again.
export const RUNS_SHOWN_MAX = 40

// While a view is replaced its readers wait; rather try again than hold them up.
export const VIEW_LOCK_WAIT_MS_MAX = 2_000

// Schema ids of one worker, those that no registry knows included: some 5 MB, and more than all its batches in hand hold.
export const SCHEMA_IDS_CACHED_MAX = 50_000

// A schema registered after its first message is seen after this; a poisoned topic costs one request an id and span.
export const UNKNOWN_SCHEMA_AGE_MS_MAX = 30_000

// Schemas that a worker asks the registry for; a topic full of made-up ids waits, and the registry stays free for others.
export const SCHEMAS_ASKED_PER_SECOND_MAX = 500

// Messages in one produce request: larger ones cost kafkajs more (it groups them in quadratic time), smaller ones too.
export const PRODUCE_BATCH_MESSAGES_MAX = 2_000

// One produce request: even if all of it goes to one partition it stays under a broker's default of 1 MiB.
export const PRODUCE_BATCH_BYTES_MAX = 900_000

// Messages that wait for their request; who sends more than that waits.
export const PRODUCE_QUEUE_MESSAGES_MAX = 20_000

// Dead letters relayed in one transaction: enough to relay a million in a minute or two, few enough to hold in memory.
export const RELAY_BATCH_ROWS_MAX = 1_000

// The same in bytes of key and value; one letter more, of whatever size the broker has taken, may come on top.
export const RELAY_BATCH_BYTES_MAX = 4 * 1024 * 1024

// Letters in hand are locked while Kafka is written to, which may take as long as one of its requests.
export const RELAY_HELD_MS_MAX = 40_000

// A replay or a rebuild that stops in the middle of a transaction must not hold up the stream, which waits for it.
export const CLEAN_HELD_MS_MAX = 20_000

// Dead letters that one step of a replay reads and, day by day of raw, merges: the stream waits some tens of ms for each.
export const REPLAY_PAGE_ROWS_MAX = 500

// The same in bytes of their values; one letter more, of whatever size, may come on top.
export const REPLAY_PAGE_BYTES_MAX = 4 * 1024 * 1024

// The relay may have a letter in hand for as long as RELAY_HELD_MS_MAX; a replay waits a little longer before it gives up.
export const LETTER_WAIT_MS_MAX = 45_000

// Letters whose outcome a replay tells one by one; beyond that it only counts, and ./upi rejected list has them all.
export const REPLAYED_SHOWN_MAX = 1_000

// Letters that may be named one by one: more are better named by a filter.
export const REPLAY_IDS_MAX = 1_000

// Transactions that a rebuild writes while no batch is: the stream waits some tens of milliseconds for each such step.
export const REBUILD_STEP_MAX = 200

// Days of one rebuild: its report stays readable, and a decade is done in some runs.
export const REBUILD_DAYS_MAX = 400

// Transactions that a report names for one reason: enough to look at what happened.
export const REBUILD_EXAMPLES_MAX = 5

// Dead letters counted at a scrape of the metrics: how many more there are changes nothing that anybody would do.
export const LETTERS_COUNTED_MAX = 10_000

// Dead letters listed at once: more are not read by people, and whoever wants all goes on with --after.
export const LETTERS_LISTED_MAX = 10_000

// Runs that a worker keeps in memory between their steps; those beyond are replayed from history when they go on.
export const WORKFLOWS_CACHED_MAX = 100

// How long an activity is silent at most, and how late it hears that it is cancelled: a third of the heartbeat timeout, so
// that one beat that is lost does not fail the work.
export const BEAT_MS_MAX = 3_000

// Builds at once; each holds a Postgres connection and, while it aggregates, its share of work memory.
export const ACTIVITIES_RUNNING_MAX = 4

// The same for work that may wait, backfills first of all: beside the daily run, never before it.
export const HEAVY_ACTIVITIES_RUNNING_MAX = 4

// Days of a backfill that one step asks for rows, a few short statements each: between two steps, a pause is heard.
export const EMPTY_DAYS_PER_STEP = 100

// A day of a backfill is one Postgres connection that aggregates; what waits for a slot on the server gains nothing.
export const BACKFILL_CONCURRENCY_DEFAULT = 4
export const BACKFILL_CONCURRENCY_MAX = 32

// Ten years of days: their plan is some 200 KB, well under what Temporal takes as one payload.
export const BACKFILL_DAYS_MAX = 3_700

// Days after which a backfill continues as a new run: some ten events each, and a history is to stay under 4,096.
export const BACKFILL_DAYS_PER_RUN_MAX = 300

// Days whose reason a backfill tells: failed ones, and of the rest the date; what it would build, in the Temporal UI.
// Reasons are cut, for Postgres may be wordy.
export const BACKFILL_REASONS_SHOWN_MAX = 50
export const FAILURE_CHARS_MAX = 300

// A key is not refreshed again before so many times its last build have passed: at most a tenth of the machine is its.
export const REFRESH_PAUSE_FACTOR = 10

// A changed model leaves years to build: a refresh that begins no day after this ends before the next one is due, which
// looks again first at the day on which payments arrive.
export const REFRESH_SECONDS_MAX = 45

// A day that failed its checks is dirty still; without new code or data it fails again.
export const REFRESH_FAILED_PAUSE_SECONDS_MIN = 600

// Days of which a refresh tells what came of them; the ledger has all.
export const REFRESH_DAYS_SHOWN_MAX = 50

// Live traffic that is farther behind the clock than this begins anew from now: it would take as long to catch up.
export const LIVE_BEHIND_MS_MAX = 60_000

// One call of ops.ensure_partitions: each day takes a dozen entries of the server's lock table until it commits.
export const PARTITION_DAYS_MAX = 500

// A day is closed when the stream has written what Kafka held; a stream that is farther behind needs a person.
export const STREAM_WAIT_MS_MAX = 5 * 60_000

// Live traffic, in transactions a second: enough to see every panel move, and no more than one generator makes.
export const LIVE_RATE_DEFAULT = 50
export const LIVE_RATE_MAX = 100_000

// A bounded load fails when Kafka stays away; a broker that was killed needs ten seconds and more to come back. Live
// traffic waits, however long.
export const LOAD_OUTAGE_MS_MAX = 60_000

// A line of a file to import. Rows of other systems have columns that no message wants; what is longer is no row.
export const IMPORT_LINE_CHARS_MAX = 1024 * 1024

// Lines of one CSV record with line breaks in its quotes; after that many an open quote was a stray one.
export const IMPORT_RECORD_LINES_MAX = 100

// Records from which columns, units and dates are made out, and the lines that are looked at for them.
export const IMPORT_SAMPLE_RECORDS_MAX = 1_000
export const IMPORT_SAMPLE_LINES_MAX = 2_000

// Line numbers that the report of an import shows for one reason; --rejects writes all of them.
export const IMPORT_LINES_SHOWN_MAX = 5

// Columns of JSON lines that come after the first lines: some are named, a file with a key for each row is not copied.
export const IMPORT_LATE_COLUMNS_MAX = 20

// A backup writes all the time: a part that nobody has written to for so long was left by one that was killed.
export const BACKUP_IDLE_MS_MAX = 10 * 60_000

// Events of lineage that wait for their receiver: an hour of daily builds. What comes beyond is lost, not the build.
export const LINEAGE_EVENTS_QUEUED_MAX = 1_000

// What a receiver of lineage may take for one event, and after how many such failures in a row it counts as away.
export const LINEAGE_ANSWER_MS_MAX = 3_000
export const LINEAGE_FAILURES_MAX = 3

// How long a command whose work is done waits for lineage that is still on its way.
export const LINEAGE_CLOSE_MS_MAX = 5_000

// Transactions that reconcile remembers to have looked at one by one, since their day alone does not explain them, and as
// many from before: some 20 MB of ids. Beyond them one that two days doubt is counted twice; a day with more than so many
// is folded each time.
export const FOLD_SUSPECTS_MAX = 50_000

// What the worker tells of the platform is read again after so long, whoever asks: dashboards refresh every 5 s.
export const FACT_AGE_MS_MAX = 10_000

// What costs some stat() a table and day is read again after a minute: tables do not grow faster than anybody acts.
export const TABLE_SIZES_AGE_MS_MAX = 60_000

// A statement for a fact takes milliseconds; one that waits for a lock is given up, and the fact is left out.
export const FACT_STATEMENT_MS_MAX = 2_000

// How long a scrape waits for a source: Prometheus gives up after 10 s, and the others' facts with it.
export const FACT_ANSWER_MS_MAX = 3_000

// Open dead letters counted for a fact, by an index: how many more there are changes nothing that anybody would do.
export const OPEN_LETTERS_COUNTED_MAX = 100_000

// Failed runs of a day that are counted for a fact: one request to Temporal, whose answer stays small.
export const FAILED_RUNS_COUNTED_MAX = 1_000

// A session of the reporting role begins with 5 s a statement and 10 s a transaction, and may lift both; not this.
export const REPORT_SECONDS_MAX = 20

// How often the worker looks for such sessions: one row of a view in memory.
export const REPORT_LOOK_MS = 5_000

// What ./upi status waits for one who does not answer, and ./upi doctor, which is asked when something is slow already.
export const STATUS_ANSWER_MS_MAX = 3_000
export const DOCTOR_ANSWER_MS_MAX = 10_000

// How far two machines' clocks may lie apart: ages and latencies are taken between them, and shown in seconds.
export const CLOCK_SKEW_MS_MAX = 2_000

// A partition with messages whose offset has not moved for so long stands still: a batch is written within a second.
export const STANDSTILL_SECONDS_MAX = 10

// Spans that wait for their receiver, some 2 MB; what comes beyond while it is away is lost, not the work.
export const TRACE_SPANS_QUEUED_MAX = 2_048

// What a receiver of traces may take for what was sent at once, also while a process waits to end.
export const TRACE_ANSWER_MS_MAX = 3_000
