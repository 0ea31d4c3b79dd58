/** A metric of the worker: what it says, and by what. */
export interface Fact {
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
}

/**
 * All metrics of the worker beside Node's own and those of Temporal's library. Most are facts that no process counts:
 * they are read from where they lie, by short statements. What cannot be read is left out of a scrape, and
 * `upi_facts_up` says so. Labels are bounded by what the platform is made of.
 */
export const FACTS = {
  upi_facts_up: {
    type: 'gauge',
    help: 'Whether the source of some facts could be read: 1, or 0 while its metrics are left out.',
    labels: ['fact'],
  },

  upi_models_marks: {
    type: 'gauge',
    help: 'Days and merchants that a model has to build again, one a mark.',
    labels: ['model'],
  },
  upi_models_oldest_mark_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest mark of a model has waited to be built; 0 without marks. Figures are as old as that.',
    labels: ['model'],
  },
  upi_models_discovery_age_seconds: {
    type: 'gauge',
    help: 'How long clean has not been looked at for changes although the stream has written since; 0 if it has not.',
    labels: [],
  },
  upi_model_build_age_seconds: {
    type: 'gauge',
    help: 'Time since a model was last built for any day; left out before its first build.',
    labels: ['model'],
  },

  upi_days_open: {
    type: 'gauge',
    help: 'Business days that have ended, are known by rows or by the ledger, and were never closed.',
    labels: [],
  },
  upi_days_failed: {
    type: 'gauge',
    help: 'Business days whose last build was refused by a check or by Postgres.',
    labels: [],
  },
  upi_day_close_overdue_seconds: {
    type: 'gauge',
    help: 'Time since midnight in India after the oldest open day of the last seven that have ended; 0 if none is open.',
    labels: [],
  },

  upi_books: {
    type: 'gauge',
    help: '1 for the state of a book, else 0: balanced, broken, waits (for a rebuild), pending (figures not built yet). Broken until all its days were found otherwise.',
    labels: ['book', 'state'],
  },
  upi_reconcile_age_seconds: {
    type: 'gauge',
    help: 'Time since all books were last looked at, or since the database was made if they never were.',
    labels: [],
  },

  upi_dead_letters: {
    type: 'gauge',
    help: 'Dead letters: open, neither replayed nor discarded; unrelayed, not yet in the dead letter topic. Each counted up to 100000.',
    labels: ['state'],
  },
  upi_alerts_open: {
    type: 'gauge',
    help: 'Alerts about payments that nobody has acknowledged.',
    labels: ['severity'],
  },

  upi_postgres_connections: {
    type: 'gauge',
    help: 'Sessions of the whole server, other databases too: active, idle, idle in transaction, other.',
    labels: ['state'],
  },
  upi_postgres_connections_max: {
    type: 'gauge',
    help: 'Sessions that the server lets those have who are no superusers.',
    labels: [],
  },
  upi_postgres_longest_query_seconds: {
    type: 'gauge',
    help: 'How long the longest statement of a role has been running; 0 if none is. Left out where Postgres does not show it.',
    labels: ['role'],
  },
  upi_postgres_longest_transaction_seconds: {
    type: 'gauge',
    help: 'How long the longest transaction of a role has been open; 0 if none is.',
    labels: ['role'],
  },
  upi_postgres_database_bytes: {
    type: 'gauge',
    help: 'What the database takes on disk.',
    labels: [],
  },
  upi_postgres_table_bytes: {
    type: 'gauge',
    help: 'What a table takes on disk with its indexes, all its days together; read once a minute.',
    labels: ['table'],
  },
  upi_postgres_live_rows: {
    type: 'gauge',
    help: 'Rows of a table as Postgres estimates them, all its days together; read once a minute.',
    labels: ['table'],
  },
  upi_postgres_dead_rows: {
    type: 'gauge',
    help: 'Rows of a table that vacuum has yet to remove, as Postgres estimates them; read once a minute.',
    labels: ['table'],
  },

  upi_disk_free_bytes: {
    type: 'gauge',
    help: 'What is left, for who is not root, of the disk on which a folder of the worker lies: home, backups, lake.',
    labels: ['folder'],
  },
  upi_disk_size_bytes: {
    type: 'gauge',
    help: 'The size of that disk.',
    labels: ['folder'],
  },
  upi_backup_age_seconds: {
    type: 'gauge',
    help: 'Time since the newest whole backup was begun, or since the database was made if there is none. Left out where backups are not set up.',
    labels: [],
  },

  upi_schedule_missed_total: {
    type: 'counter',
    help: 'Runs that a schedule has dropped, for the one before had not ended or the outage was too long.',
    labels: ['schedule'],
  },
  upi_schedule_last_run_age_seconds: {
    type: 'gauge',
    help: 'Time since a schedule last started its work, or since it was made if it never did.',
    labels: ['schedule'],
  },
  upi_schedule_paused: {
    type: 'gauge',
    help: '1 while a schedule is paused or Temporal does not have it, else 0.',
    labels: ['schedule'],
  },
  upi_workflows_failed: {
    type: 'gauge',
    help: 'Runs of a workflow that failed or timed out in the last 24 hours, counted up to 1000 in all.',
    labels: ['workflow'],
  },
  upi_workflow_last_failure_age_seconds: {
    type: 'gauge',
    help: 'Time since a run of a workflow last failed or timed out; left out if none has in the last 24 hours.',
    labels: ['workflow'],
  },

  upi_part_restarts_total: {
    type: 'counter',
    help: 'Starts of a server or process of the local stack after its first: it ended, or was ended because it hung.',
    labels: ['part'],
  },
  upi_part_hangs_total: {
    type: 'counter',
    help: 'Times that a server or process of the local stack gave no sign of life, and was ended or let go on.',
    labels: ['part'],
  },

  upi_worker_pool_connections: {
    type: 'gauge',
    help: "The worker's connections to Postgres that are open, by the role's pool and by state: busy or idle.",
    labels: ['pool', 'state'],
  },
  upi_worker_pool_connections_max: {
    type: 'gauge',
    help: "The worker's connections to Postgres that may be open.",
    labels: ['pool'],
  },
  upi_worker_pool_waiting_requests: {
    type: 'gauge',
    help: 'Work of the worker that waits for a connection to Postgres.',
    labels: ['pool'],
  },
} as const satisfies Record<`upi_${string}`, Fact>

/** The name of a metric of the worker. */
export type FactName = keyof typeof FACTS

/** What dashboards show of the metrics that Temporal's library counts in the worker; it tells many more. */
export const LIBRARY_METRICS = {
  temporal_workflow_task_schedule_to_start_latency: {
    type: 'histogram',
    help: 'Milliseconds for which a step of a workflow lay in its queue before the worker took it.',
    labels: ['namespace', 'service_name', 'task_queue'],
  },
  temporal_activity_schedule_to_start_latency: {
    type: 'histogram',
    help: 'Milliseconds for which an activity lay in its queue before the worker took it.',
    labels: ['namespace', 'service_name', 'task_queue'],
  },
  temporal_worker_task_slots_available: {
    type: 'gauge',
    help: 'What the worker could take at once besides what it has.',
    labels: ['namespace', 'service_name', 'task_queue', 'worker_type'],
  },
} as const
