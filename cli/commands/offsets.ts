import { type Command, InvalidArgumentError } from 'commander'
import type { ClientBase } from 'pg'
import { UpiError } from '../../core/errors.ts'
import { isDate, parseInstant, startOfBusinessDate } from '../../core/time.ts'
import { actorOf, loadConfig, type Needed, need } from '../../platform/config.ts'
import { createKafka, kafkaFault } from '../../platform/kafka.ts'
import { addressOf, createPool, postgresFault, withConnection } from '../../platform/postgres.ts'
import { findEpoch } from '../../platform/queries/stream-epochs.ts'
import { findOffsets } from '../../platform/queries/stream-offsets.ts'
import { createLogger } from '../../platform/telemetry.ts'
import { countMembers, readTopicLog } from '../../platform/topic-log.ts'
import {
  adoptLog,
  type Move,
  type Mover,
  seekOffsets,
  type Target,
} from '../../streaming/move-offsets.ts'
import { type OffsetStatus, readOffsetStatus } from '../../streaming/offset-status.ts'
import { countOption, newCommand, subCommand } from '../command.ts'
import { note, print, printJson, printTable } from '../output.ts'

interface Options {
  readonly json?: boolean
  readonly verbose?: boolean
}

interface SeekOptions extends Options {
  readonly to?: Target
  readonly partition?: number
}

const PARTITION_MAX = 100_000

/** `./upi offsets` */
export function offsetsCommand(): Command {
  const command = newCommand('offsets', 'Where the stream stands in Kafka, and how to move it.')
  subCommand(command, 'list', 'Show the stored offset of each partition beside its log.')
    .option('--json', 'print for machines')
    .action((_, list: Command) => listOffsets(list.optsWithGlobals()))
  subCommand(command, 'seek', 'Let the stream go on elsewhere; what raw has is not written again.')
    .option('--to <place>', 'earliest, a time of Kafka, or an offset', targetOption)
    .option('--partition <n>', 'this partition only', countOption(0, PARTITION_MAX))
    .option('--json', 'print for machines')
    .addHelpText('after', SEEK_HELP)
    .action((_, seek: Command) => seekTo(seek.optsWithGlobals()))
  subCommand(command, 'adopt', 'Accept a topic that was made anew, or another Kafka cluster.')
    .option('--reason <text>', 'why, for whoever looks later', 'adopted by hand')
    .addHelpText('after', ADOPT_HELP)
    .action((_, adopt: Command) => adoptNow(adopt.optsWithGlobals()))
  return command
}

const SEEK_HELP = `
A time is such as 2026-02-01T10:30:00+05:30, or a day, which begins at midnight in India: the first message that Kafka
got then or later. Ahead: what is passed over is recorded as a gap, with your name. Back: only what was never read is
read. Refused while a worker may be reading; a partition that stands still because its messages have expired is not.`

const ADOPT_HELP = `
A new epoch begins at the log's start; messages of the old log stay as they are. Refused when the log is the one that is
being read.`

async function listOffsets(options: Options): Promise<void> {
  const status = await withStream(options, readOffsetStatus)
  if (options.json === true) return printJson(status)
  printStatus(status)
}

async function seekTo(options: SeekOptions): Promise<void> {
  const { to: target, partition } = options
  if (target === undefined) {
    throw new UpiError('OPTION_INVALID', '--to is missing', {
      fix: 'say where to: earliest, a time or an offset',
    })
  }
  const moves = await withStream(options, async (client, mover) => {
    const all = [...mover.log.partitions.keys()].toSorted((a, b) => a - b)
    if (target.kind === 'offset' && partition === undefined && all.length > 1) {
      throw new UpiError('OPTION_INVALID', 'an offset means one partition', {
        fix: 'add --partition',
      })
    }
    return await inTransaction(client, () =>
      seekOffsets(client, partition === undefined ? all : [partition], { ...mover, target }),
    )
  })
  if (options.json === true) return printJson(moves.map(forMachines))
  printTable(moves, [
    { title: 'partition', value: (row) => row.partition, align: 'right' },
    { title: 'from', value: (row) => String(row.from), align: 'right' },
    { title: 'to', value: (row) => String(row.to), align: 'right' },
  ])
}

async function adoptNow(options: Options & { reason: string }): Promise<void> {
  const { reason } = options
  const epoch = await withStream(options, (client, mover) =>
    inTransaction(client, () => adoptLog(client, { ...mover, reason })),
  )
  note(`epoch ${epoch} begins at the log's start`)
}

/** Does something between the offsets in Postgres and the log in Kafka, as the role that reads it. */
async function withStream<T>(
  options: Options,
  work: (client: ClientBase, mover: Mover) => Promise<T>,
): Promise<T> {
  const config = need(loadConfig(), 'ingestDatabaseUrl', 'kafkaBrokers')
  const level = options.verbose === true ? 'debug' : 'error'
  const log = createLogger({ process: 'offsets', level, pretty: process.stderr.isTTY === true })
  const admin = createKafka(config, 'upi-offsets', log).admin()
  const pool = createPool(config, config.ingestDatabaseUrl, { max: 1, name: 'cli' })
  try {
    const { consumerGroup: group, topic } = config
    return await withConnection(pool, async (client) => {
      // Before the log: read after it, a partition that goes on meanwhile would seem to lie beyond the log's end.
      const stored = await findOffsets(client, {
        group,
        topic,
        epoch: await findEpoch(client, topic),
      })
      const found = await readTopicLog(admin, topic)
      const members = await countMembers(admin, group)
      return await work(client, {
        group,
        topic,
        log: found,
        stored,
        members,
        actor: actorOf(config),
      })
    })
  } catch (fault) {
    throw faultOf(fault, config)
  } finally {
    await Promise.all([pool.end(), admin.disconnect()])
  }
}

function faultOf(fault: unknown, config: Needed<'ingestDatabaseUrl' | 'kafkaBrokers'>): unknown {
  const address = addressOf(config.ingestDatabaseUrl)
  return postgresFault(kafkaFault(fault, config.kafkaBrokers), address)
}

// What fails is rolled back with the connection.
async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  const value = await work()
  await client.query('commit')
  return value
}

function targetOption(text: string): Target {
  if (text === 'earliest') return { kind: 'earliest' }
  if (/^[0-9]{1,18}$/.test(text)) return { kind: 'offset', offset: BigInt(text) }
  if (isDate(text)) return { kind: 'time', ms: startOfBusinessDate(text) }
  const instant = parseInstant(text)
  if (instant.ok) return { kind: 'time', ms: Math.ceil(instant.value / 1000) }
  throw new InvalidArgumentError(
    `'${text}' is not earliest, an offset, a day or a time with a zone.`,
  )
}

function printStatus({ topic, group, epoch, cluster_id, partitions }: OffsetStatus): void {
  print(`${topic}, group ${group}, epoch ${epoch}, cluster ${cluster_id ?? 'unknown'}\n`)
  printTable(partitions, [
    { title: 'partition', value: (row) => row.partition, align: 'right' },
    { title: 'stored', value: (row) => row.next_offset, align: 'right' },
    { title: 'log start', value: (row) => row.log_start, align: 'right' },
    { title: 'log end', value: (row) => row.log_end, align: 'right' },
    { title: 'lag', value: (row) => row.lag, align: 'right' },
    { title: 'gaps', value: (row) => row.gaps, align: 'right' },
    { title: 'latest event', value: (row) => row.max_event_time },
    {
      title: 'state',
      value: (row) => row.state,
      style: (row) => (row.lost === null ? 'green' : 'red'),
    },
  ])
  const lost = new Set(partitions.flatMap((row) => (row.lost === null ? [] : [row.lost])))
  if (lost.size > 0) print()
  for (const line of lost) print(line)
}

function forMachines({ partition, from, to }: Move) {
  return { partition, from: Number(from), to: Number(to) }
}
