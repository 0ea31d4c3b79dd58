import { BATCH_STATEMENT_MS_MAX, LETTERS_COUNTED_MAX } from '../core/limits.ts'
import manifest from '../package.json' with { type: 'json' }
import { BytesInHand } from '../platform/bytes-in-hand.ts'
import type { Config, Needed } from '../platform/config.ts'
import { type HealthServer, serveHealth } from '../platform/health-server.ts'
import { createKafka, kafkaFault } from '../platform/kafka.ts'
import { addressOf, createPool, postgresFault } from '../platform/postgres.ts'
import { countUnrelayed } from '../platform/queries/dead-letter-relay.ts'
import { createRegistry } from '../platform/registry.ts'
import { createSchemaReader } from '../platform/schema-reader.ts'
import { Shutdown } from '../platform/shutdown.ts'
import { createLogger, type Logger, listenForDebug } from '../platform/telemetry.ts'
import { readLogBounds, readTopicLog } from '../platform/topic-log.ts'
import { openTracing } from '../platform/tracing.ts'
import { batchSpan } from '../streaming/batch-span.ts'
import { StreamMetrics } from '../streaming/metrics.ts'
import { DeadLetterRelay } from '../streaming/relay.ts'
import { rulesOf, rulesVersionOf } from '../streaming/rules.ts'
import { addScrapedMetrics, type ScrapeSources } from '../streaming/scraped-metrics.ts'
import { createSink, SINK_SESSION } from '../streaming/sink.ts'
import { StreamWorker } from '../streaming/worker.ts'

// One connection a partition that is written at the same time, one for making partitions, one for the relay.
const CONNECTIONS_MAX = 6

type StreamConfig = Needed<'ingestDatabaseUrl' | 'kafkaBrokers' | 'schemaRegistryUrl' | 'piiKey'>

/** The life of the stream: pool, Kafka, sink, relay, health; closed in reverse order on SIGTERM. */
export async function runStream(config: StreamConfig, level: string): Promise<void> {
  const log = openLog(config, level)
  const shutdown = new Shutdown(log)
  const tracing = await openTracing(config, { process: 'stream', version: manifest.version })
  shutdown.add('traces', () => tracing?.close())

  const pool = createPool(config, config.ingestDatabaseUrl, {
    max: CONNECTIONS_MAX,
    name: 'stream',
    answerMsMax: BATCH_STATEMENT_MS_MAX,
    isPipelined: true,
    settings: SINK_SESSION,
  })
  shutdown.add('postgres', () => pool.end())
  const kafka = createKafka(config, 'upi-stream', log)
  const admin = kafka.admin()
  shutdown.add('kafka admin', () => admin.disconnect())
  const schemas = createSchemaReader(createRegistry(config))
  const rules = rulesVersionOf(config)
  const metrics = new StreamMetrics({ version: manifest.version, rules: rules.version })

  const sink = createSink({
    pool,
    group: config.consumerGroup,
    topic: config.topic,
    rules,
    readLog: () => readTopicLog(admin, config.topic),
    onRefused: ({ partition, offset }, err) =>
      log.error(
        { err, partition, offset },
        'postgres refuses a message; it is kept as a dead letter',
      ),
  })
  const relay = new DeadLetterRelay({
    config,
    pool,
    log,
    onRelayed: (letters) => metrics.noteRelayed(letters),
  })
  shutdown.add('dead letter relay', () => relay.close())
  const hand = new BytesInHand()
  const worker = new StreamWorker({
    kafka,
    sink,
    rules: rulesOf(config, schemas.schemaOf),
    loadSchema: (id) => schemas.load(id),
    topic: config.topic,
    group: config.consumerGroup,
    log,
    hand,
    onRead: (partition, messages) => metrics.noteRead(partition, messages),
    onRetry: (outside) => metrics.noteRetry(outside),
    onBatch: (batch) => {
      metrics.noteBatch(batch)
      tracing?.record(batchSpan(config.topic, batch))
      if (batch.books.rejected > 0) relay.wake()
    },
  })
  const health = await serveMetrics(
    config,
    { metrics, log },
    {
      worker,
      hand,
      pool,
      readLog: () => readLogBounds(admin, config.topic),
      countLetters: () => countUnrelayed(pool, config.topic, LETTERS_COUNTED_MAX),
    },
  )
  shutdown.add('health server', () => health?.close())

  log.info({ group: config.consumerGroup }, 'stream started')
  relay.start(shutdown.signal)
  try {
    await worker.run(shutdown.signal)
  } catch (cause) {
    const address = addressOf(config.ingestDatabaseUrl)
    throw postgresFault(kafkaFault(cause, config.kafkaBrokers), address)
  } finally {
    await shutdown.close()
    log.info('stream stopped')
  }
}

function openLog({ topic }: StreamConfig, level: string): Logger {
  const pretty = process.stderr.isTTY === true
  const log = createLogger({ process: 'stream', level, pretty, fields: { topic } })
  listenForDebug(log)
  return log
}

async function serveMetrics(
  { metricsHost: host, metricsPort: port }: Config,
  { metrics, log }: { metrics: StreamMetrics; log: Logger },
  sources: ScrapeSources,
): Promise<HealthServer | undefined> {
  if (port === undefined) return undefined
  metrics.addDefaults()
  addScrapedMetrics(metrics, sources)
  const readiness = () => sources.worker.readiness()
  return await serveHealth({ host, port, metrics: metrics.registry, readiness, log })
}
