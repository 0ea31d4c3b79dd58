/*
 * The settings of the servers, as plain data: the local stack runs by them, and docker-compose.yml is compared with
 * them by a test, so that the two cannot drift.
 */

/** The pinned version of each server. */
export const STACK_VERSIONS = {
  postgres: '18.4',
  kafka: '4.3.1',
  registry: '3.0.9',
  temporal: '1.5.1',
  prometheus: '3.13.3',
  grafana: '13.2.3',
} as const

/** What any broker of ours is told, wherever it runs; listeners, ids and folders are the place's own. */
export const KAFKA_BROKER_SETTINGS = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  // Topics are made on purpose, with their settings; a misspelt name must not make one.
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  // 6000 by default: a worker that was killed would be missed only after six seconds.
  'group.min.session.timeout.ms': '1000',
  // A broker that was killed may register again only after its session: 9 s by default.
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '500',
  // kafkajs sends a batch of some thousand messages as one record batch.
  'message.max.bytes': '8388608',
  // Per partition; the topic's own retention is by time, this keeps a forgotten stack from filling the disk.
  'log.retention.bytes': '4294967296',
  'log.segment.bytes': '268435456',
  // The default takes 128 MB of heap at start for compacted topics that hold a few kilobytes here.
  'log.cleaner.dedupe.buffer.size': '4194304',
  'log.cleaner.io.buffer.size': '262144',
  'num.network.threads': '2',
  'num.io.threads': '4',
  'background.threads': '4',
} as const

/**
 * The broker's Java. Three million messages sent and read spend 0.6 s in collections, a quarter of the heap lives. The
 * second compiler would cost 1.2 CPU seconds more at the start, 1.3 more a million messages, and 33 MB (measured).
 */
export const KAFKA_JAVA_OPTIONS = [
  '-Xms64m',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
] as const

/** The registry's Java: it serves a handful of schemas. */
export const REGISTRY_JAVA_OPTIONS = [
  '-Xms24m',
  '-Xmx96m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
] as const

export const REGISTRY_SETTINGS = {
  'apicurio.storage.sql.kind': 'postgresql',
  'apicurio.datasource.jdbc.initial-size': '1',
  'apicurio.datasource.jdbc.min-size': '1',
  'apicurio.datasource.jdbc.max-size': '10',
  'quarkus.log.level': 'WARN',
} as const

/** The path under which the registry speaks the Confluent protocol. */
export const REGISTRY_API_PATH = '/apis/ccompat/v7'

export const TEMPORAL_NAMESPACE = 'default'

export const TEMPORAL_SEARCH_ATTRIBUTES = {
  UpiModel: 'Keyword',
  UpiBusinessDate: 'Keyword',
  UpiBackfill: 'Keyword',
} as const

// Together these cut a workflow of one activity from 150 to 26 ms; neither does alone.
export const TEMPORAL_SQLITE_PRAGMAS = { journal_mode: 'WAL', synchronous: 'NORMAL' } as const
export const TEMPORAL_DYNAMIC_CONFIG = {
  'history.transferProcessorMaxPollRPS': '2000',
  'history.timerProcessorMaxPollRPS': '2000',
  'history.visibilityProcessorMaxPollRPS': '2000',
} as const

/** What Prometheus keeps. */
export const PROMETHEUS_FLAGS = [
  '--storage.tsdb.retention.time=15d',
  '--storage.tsdb.retention.size=1GB',
] as const

/** What Prometheus and Grafana are told by their environment. */
export const PROMETHEUS_SETTINGS = {
  // Beyond it Go collects memory more eagerly; nothing is refused.
  GOMEMLIMIT: '96MiB',
} as const

export const GRAFANA_SETTINGS = {
  GOMEMLIMIT: '200MiB',
  // Whoever reaches loopback may look: figures and masked names, by a role that can only read.
  GF_AUTH_ANONYMOUS_ENABLED: 'true',
  GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
  GF_DASHBOARDS_MIN_REFRESH_INTERVAL: '5s',
  GF_DATE_FORMATS_DEFAULT_TIMEZONE: 'Asia/Kolkata',
  // Nothing is sent home and nothing fetched.
  GF_ANALYTICS_REPORTING_ENABLED: 'false',
  GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
  GF_NEWS_NEWS_FEED_ENABLED: 'false',
  GF_PLUGINS_PREINSTALL_DISABLED: 'true',
  GF_SECURITY_DISABLE_GRAVATAR: 'true',
  GF_SNAPSHOTS_EXTERNAL_ENABLED: 'false',
  GF_LOG_MODE: 'console',
  GF_LOG_LEVEL: 'warn',
} as const

/** What Postgres may use of a machine. */
export interface Machine {
  readonly memoryBytes: number
  readonly cpus: number
  readonly diskFreeBytes: number
}

/** Postgres tuned for the machine it finds; memory it does not touch costs nothing. */
export function postgresSettings(machine: Machine): Record<string, string> {
  return { ...POSTGRES_SETTINGS, ...sizedSettings(machine) }
}

const MIB = 1024 ** 2
const GIB = 1024 ** 3

/** What is the same on every machine. */
const POSTGRES_SETTINGS = {
  // Hundreds of daily partitions with several indexes each exhaust the default lock table.
  max_locks_per_transaction: '1024',
  max_connections: '100',
  password_encryption: 'scram-sha-256',
  fsync: 'on',
  full_page_writes: 'on',
  // Compiling a query costs more than it saves on aggregates of one day.
  jit: 'off',
  checkpoint_timeout: '15min',
  min_wal_size: '256MB',
  temp_buffers: '64MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_lock_waits: 'on',
  log_min_duration_statement: '1000',
  // Personal data stays out of the log: no parameters, and no DETAIL or CONTEXT, which quote rows.
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_error_verbosity: 'terse',
} as const

function sizedSettings({ memoryBytes, cpus, diskFreeBytes }: Machine): Record<string, string> {
  const sharedBuffers = clamp(memoryBytes / 24, 128 * MIB, 2 * GIB)
  return {
    shared_buffers: mebibytes(sharedBuffers),
    effective_cache_size: mebibytes(memoryBytes / 2),
    work_mem: mebibytes(clamp(memoryBytes / 1024, 4 * MIB, 32 * MIB)),
    maintenance_work_mem: mebibytes(clamp(memoryBytes / 64, 64 * MIB, 512 * MIB)),
    max_wal_size: mebibytes(clamp(diskFreeBytes / 10, 1 * GIB, 8 * GIB)),
    max_worker_processes: String(cpus + 8),
    max_parallel_workers: String(cpus),
    max_parallel_workers_per_gather: String(clamp(Math.floor(cpus / 2), 1, 4)),
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / MIB)}MB`
}
