import type { Client, Connection } from '@temporalio/client'
import type pg from 'pg'
import { FACT_AGE_MS_MAX, FACT_STATEMENT_MS_MAX } from '../../core/limits.ts'
import { type Config, need } from '../../platform/config.ts'
import { type Ask, askOver, type Told } from '../../platform/facts/fact-reader.ts'
import { createKafka, kafkaFault } from '../../platform/kafka.ts'
import { addressOf, createPool, postgresFault } from '../../platform/postgres.ts'
import { type Closes, readCloses } from '../../platform/queries/days.ts'
import { type Pace, readPace } from '../../platform/queries/stream-batches.ts'
import type { StackState } from '../../platform/stack/index.ts'
import { readStreamProcess, type StreamProcess } from '../../platform/stream-process.ts'
import { createLogger } from '../../platform/telemetry.ts'
import { connectClient, temporalFault } from '../../platform/temporal.ts'
import { readSchedule, type ScheduleStatus } from '../../platform/temporal-schedules.ts'
import { readStreamStatus, type StreamStatus } from '../../streaming/stream-status.ts'
import { SCHEDULES } from '../../workflows/schedules.ts'
import { platformFacts } from '../platform-facts.ts'
import { Probe, type Reading } from './probe.ts'

/** What the platform tells of itself; what is not part of this stack is left out. */
export interface Readings {
  readonly process?: Reading<StreamProcess>
  readonly stream?: Reading<StreamStatus>
  readonly pace?: Reading<Pace>
  readonly closes?: Reading<Closes>
  readonly schedules?: Reading<readonly ScheduleStatus[]>
  readonly facts: Readonly<Partial<Record<FactSource, Reading<Told>>>>
}

export type FactSource =
  | 'models'
  | 'days'
  | 'books'
  | 'letters'
  | 'sessions'
  | 'sizes'
  | 'disk'
  | 'backups'

// So that one statement that waits for a lock holds up two others at most.
const CONNECTIONS_MAX = 3

/** Asks everybody at once and each for itself: whoever is away takes nothing with him but his own figures. */
export class Sources {
  readonly #config: Config
  readonly #pool: pg.Pool | undefined
  readonly #probes: { readonly [Name in Exclude<keyof Readings, 'facts'>]?: AskOf<Name> }
  readonly #facts: readonly { readonly name: FactSource; readonly probe: Probe<Told> }[]
  #temporal: Promise<{ client: Client; connection: Connection }> | undefined

  constructor(config: Config, state: StackState) {
    this.#config = config
    const parts = new Map(state.components.map((each) => [each.name, each]))
    const url = config.databaseUrl ?? config.transformDatabaseUrl
    const stream = parts.get('stream')
    const hasPostgres = parts.has('postgres') && url !== undefined
    this.#pool = hasPostgres ? openPool(config, url) : undefined
    const ask = this.#asking(url)
    this.#facts = platformFacts(config, hasPostgres ? ask : undefined).map((reader) => ({
      name: reader.fact as FactSource,
      probe: new Probe('Postgres', () => reader.read(), reader.ageMsMax ?? FACT_AGE_MS_MAX),
    }))
    this.#probes = {
      ...(stream === undefined
        ? {}
        : { process: new Probe('the stream', () => readStreamProcess(stream.address)) }),
      ...(hasPostgres && parts.has('kafka')
        ? { stream: new Probe('Kafka', () => this.#readStream()) }
        : {}),
      ...(hasPostgres
        ? {
            pace: new Probe('Postgres', () => readPace(ask)),
            closes: new Probe('Postgres', () => readCloses(ask), FACT_AGE_MS_MAX),
          }
        : {}),
      ...(parts.has('temporal')
        ? { schedules: new Probe('Temporal', () => this.#readSchedules(), FACT_AGE_MS_MAX) }
        : {}),
    }
  }

  /** How all stands now. */
  async read(): Promise<Readings> {
    const facts = Promise.all(
      this.#facts.map(async ({ name, probe }) => [name, await probe.ask()] as const),
    )
    const { process, stream, pace, closes, schedules } = this.#probes
    const [of, at, by, closed, due] = await Promise.all([
      process?.ask(),
      stream?.ask(),
      pace?.ask(),
      closes?.ask(),
      schedules?.ask(),
    ])
    return {
      ...(of === undefined ? {} : { process: of }),
      ...(at === undefined ? {} : { stream: at }),
      ...(by === undefined ? {} : { pace: by }),
      ...(closed === undefined ? {} : { closes: closed }),
      ...(due === undefined ? {} : { schedules: due }),
      facts: Object.fromEntries(await facts),
    }
  }

  #asking(url: string | undefined): Ask {
    return async (sql, values) => {
      try {
        return await askOver(this.#pool as pg.Pool)(sql, values)
      } catch (fault) {
        throw postgresFault(fault, addressOf(url ?? ''))
      }
    }
  }

  async #readStream(): Promise<StreamStatus> {
    const config = need(this.#config, 'kafkaBrokers')
    const log = createLogger({ process: 'status', level: 'silent', pretty: false })
    const kafka = createKafka(config, 'upi-status', log)
    const { topic, consumerGroup: group } = config
    try {
      return await readStreamStatus(this.#pool as pg.Pool, kafka, { topic, group })
    } catch (fault) {
      const address = addressOf(config.databaseUrl ?? config.transformDatabaseUrl ?? '')
      throw postgresFault(kafkaFault(fault, config.kafkaBrokers), address)
    }
  }

  async #readSchedules(): Promise<readonly ScheduleStatus[]> {
    const config = need(this.#config, 'temporalAddress')
    this.#temporal ??= connectClient(config, CONNECT_MS_MAX)
    try {
      const { client } = await this.#temporal
      return await Promise.all(SCHEDULES.map((each) => readSchedule(client, each)))
    } catch (fault) {
      const opened = this.#temporal
      this.#temporal = undefined
      await opened?.then(({ connection }) => connection.close()).catch(() => {})
      throw temporalFault(fault, config)
    }
  }
}

// Shorter than a reading may take, so that it is told who does not answer.
const CONNECT_MS_MAX = 2_000

type AskOf<Name extends keyof Readings> = {
  ask(): Promise<NonNullable<Readings[Name]>>
}

function openPool(config: Config, url: string): pg.Pool {
  return createPool(config, url, {
    max: CONNECTIONS_MAX,
    name: 'status',
    answerMsMax: FACT_STATEMENT_MS_MAX,
    connectMsMax: CONNECT_MS_MAX,
    settings: { statement_timeout: String(FACT_STATEMENT_MS_MAX), jit: 'off' },
  })
}
