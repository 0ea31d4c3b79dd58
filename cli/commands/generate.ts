import { type Command, InvalidArgumentError } from 'commander'
import { EXIT_INTERRUPTED, UpiError } from '../../core/errors.ts'
import { LIVE_RATE_DEFAULT, LIVE_RATE_MAX, LOAD_OUTAGE_MS_MAX } from '../../core/limits.ts'
import { addDays, type BusinessDate, businessDateOf, startOfBusinessDate } from '../../core/time.ts'
import { createTraffic } from '../../core/traffic/traffic.ts'
import { type Config, loadConfig, need } from '../../platform/config.ts'
import { serveHealth } from '../../platform/health-server.ts'
import type { Framing } from '../../platform/message-encoder.ts'
import { TopicProducer } from '../../platform/producer.ts'
import { Shutdown } from '../../platform/shutdown.ts'
import { createLogger, type Logger, listenForDebug } from '../../platform/telemetry.ts'
import { feedLive, feedRange, type Outlet } from '../../platform/traffic-feed.ts'
import { lineOutlet, type Tally, topicOutlet } from '../../platform/traffic-outlets.ts'
import { checkRange, countOption, dateOption, newCommand } from '../command.ts'
import { framingOption, openEncoder } from '../framing.ts'
import { note } from '../output.ts'
import { TrafficReport } from '../traffic-report.ts'

const COUNT_MAX = 10_000_000_000

// Of a range without a rate or a count.
const TRANSACTIONS_PER_DAY_DEFAULT = 100_000

const DAY_MS = 86_400_000

interface Options {
  readonly rate?: number
  readonly count?: number
  readonly from?: BusinessDate
  readonly to?: BusinessDate
  readonly seed: string
  readonly faults: number
  readonly framing?: Framing
  readonly stdout?: boolean
  readonly verbose?: boolean
}

/** `./upi generate` */
export function generateCommand(): Command {
  return newCommand(
    'generate',
    'Produce calibrated UPI traffic into the topic, live or historical.',
  )
    .option(
      '--rate <n>',
      `transactions a second, until stopped; with --from, on average (live default ${LIVE_RATE_DEFAULT})`,
      countOption(1, LIVE_RATE_MAX),
    )
    .option(
      '--count <n>',
      'transactions in all, as fast as Kafka takes them',
      countOption(1, COUNT_MAX),
    )
    .option('--from <day>', 'first business day of a historical range', dateOption)
    .option('--to <day>', 'last business day of the range', dateOption)
    .option('--seed <text>', 'the same seed and range give the same bytes', 'upi')
    .option(
      '--faults <share>',
      'share of transactions with something wrong, 0 to 1',
      shareOption,
      0,
    )
    .option(
      '--framing <kind>',
      'plain, json or avro (default json; plain with --stdout)',
      framingOption,
    )
    .option('--stdout', 'write the values to stdout, one a line, and nothing to Kafka')
    .addHelpText('after', HELP)
    .action(generate)
}

const HELP = `
A transaction sends one message, or more while its status changes. What --faults spoils is sent as it stands,
whatever the framing. A range without --rate and --count has ${TRANSACTIONS_PER_DAY_DEFAULT} transactions a day.
On stdout a value that is not JSON on one line stands as {"$base64":"…"}, and no value as {"$base64":null}.`

async function generate(options: Options): Promise<void> {
  const plan = readPlan(options)
  const isTerminal = process.stderr.isTTY === true
  const config = loadConfig()
  const level = options.verbose === true ? 'debug' : config.logLevel
  const log = createLogger({ process: 'traffic', level, pretty: isTerminal })
  const shutdown = new Shutdown(log)
  listenForDebug(log)
  const tally: Tally = { messages: 0, bytes: 0 }
  try {
    const outlet = await openOutlet(options, {
      config,
      log,
      shutdown,
      tally,
      isLive: plan.to === undefined,
    })
    const report = new TrafficReport(log, { tally, isTerminal, isLive: plan.to === undefined })
    const feed = {
      outlet,
      signal: shutdown.signal,
      onPortion: (transactions: number) => report.update(transactions),
    }
    if (plan.to !== undefined) {
      await feedRange(createTraffic(plan), feed)
      // Live traffic is stopped; a range is broken off.
      if (shutdown.signal.aborted) process.exitCode = EXIT_INTERRUPTED
    } else {
      const begin = (from: number) => createTraffic({ ...plan, from })
      const onGap = (behindMs: number) =>
        log.warn({ behindMs: Math.round(behindMs) }, 'too far behind, going on from now')
      await feedLive(begin, { ...feed, onGap })
    }
    report.finish()
  } catch (fault) {
    if (plan.to === undefined || !shutdown.signal.aborted) throw fault
    note(`interrupted: ${(fault as Error).message}`)
    process.exitCode = EXIT_INTERRUPTED
  } finally {
    await shutdown.close()
  }
}

/** The traffic that the options ask for. */
function readPlan(options: Options): Parameters<typeof createTraffic>[0] {
  const { rate: ratePerSecond, count, from, to, seed, faults } = options
  checkRange(from, to)
  if (ratePerSecond !== undefined && count !== undefined) {
    throw new UpiError('OPTION_INVALID', '--rate and --count exclude each other')
  }
  const now = Date.now()
  if (from !== undefined && to !== undefined) return rangePlan({ ...options, from, to }, now)
  if (count !== undefined) {
    // The last minutes as if they had been live, or more densely the last day.
    const spanMs = Math.min(Math.ceil((count / LIVE_RATE_DEFAULT) * 1000), DAY_MS)
    return { seed, faults, from: now - spanMs, to: now, count }
  }
  return { seed, faults, from: now, ratePerSecond: ratePerSecond ?? LIVE_RATE_DEFAULT }
}

function rangePlan(
  { rate, count, from, to, seed, faults }: Options & { from: BusinessDate; to: BusinessDate },
  now: number,
): Parameters<typeof createTraffic>[0] {
  const today = businessDateOf(now * 1000)
  if (to > today) {
    throw new UpiError('OPTION_INVALID', `--to ${to} lies in the future (today is ${today})`)
  }
  const begin = startOfBusinessDate(from)
  const end = startOfBusinessDate(addDays(to, 1))
  const days = (end - begin) / DAY_MS
  return {
    seed,
    faults,
    from: begin,
    to: end,
    // Of a day that is not over only what has happened is sent; an ended one is complete, so that its bytes never change.
    ...(to === today ? { until: now } : {}),
    ...(rate === undefined
      ? { count: count ?? days * TRANSACTIONS_PER_DAY_DEFAULT }
      : { ratePerSecond: rate }),
  }
}

interface Surroundings {
  readonly config: Config
  readonly log: Logger
  readonly shutdown: Shutdown
  readonly tally: Tally
  readonly isLive: boolean
}

async function openOutlet(options: Options, around: Surroundings): Promise<Outlet> {
  const { config, log, shutdown, tally, isLive } = around
  if (options.stdout === true) {
    const encode = await openEncoder(options.framing ?? 'plain', config)
    return lineOutlet(process.stdout, encode, tally)
  }
  const encode = await openEncoder(options.framing ?? 'json', config)
  warnOfAge(options, config)
  const producer = await TopicProducer.connect(need(config, 'kafkaBrokers'), {
    clientId: 'upi-traffic',
    topic: config.topic,
    outageMsMax: isLive ? Infinity : LOAD_OUTAGE_MS_MAX,
    signal: shutdown.signal,
    log,
  })
  shutdown.add('producer', () => producer.close())
  await openHealth(producer, around)
  return topicOutlet(producer, encode, tally)
}

async function openHealth(
  producer: TopicProducer,
  { config, log, shutdown }: Surroundings,
): Promise<void> {
  if (config.metricsPort === undefined) return
  const health = await serveHealth({
    host: config.metricsHost,
    port: config.metricsPort,
    readiness: () => producer.trouble,
    log,
  })
  shutdown.add('health server', () => health.close())
}

function warnOfAge({ from }: Options, { eventAgeDaysMax }: Config): void {
  if (from === undefined) return
  const oldest = addDays(businessDateOf(Date.now() * 1000), -eventAgeDaysMax)
  if (from > oldest) return
  note(`days up to ${oldest} are refused by the stream unless UPI_EVENT_AGE_DAYS_MAX is raised`)
}

function shareOption(value: string): number {
  const share = Number(value)
  if (!/^[0-9]*\.?[0-9]+$/.test(value) || share > 1) {
    throw new InvalidArgumentError(`'${value}' is not a share from 0 to 1.`)
  }
  return share
}
