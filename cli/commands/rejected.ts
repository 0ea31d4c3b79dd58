import { type Command, InvalidArgumentError } from 'commander'
import type { Kysely } from 'kysely'
import { ERRORS, UpiError } from '../../core/errors.ts'
import { LETTERS_LISTED_MAX } from '../../core/limits.ts'
import { addDays, isDate, parseInstant, startOfBusinessDate } from '../../core/time.ts'
import { actorOf, loadConfig, need } from '../../platform/config.ts'
import type { Database } from '../../platform/database.ts'
import { insertAudit } from '../../platform/queries/audit-log.ts'
import {
  countLetters,
  countMeant,
  discardLetters,
  findLetterEpoch,
  type LetterFilter,
  type LetterPlace,
  listLetters,
  revealLetter,
} from '../../platform/queries/dead-letters.ts'
import type { LetterId } from '../../workflows/replay-rejected.ts'
import { withDatabase, withModelDatabase } from '../by-hand.ts'
import { countOption, dateOption, newCommand, subCommand } from '../command.ts'
import {
  letterForMachines,
  placeOf,
  printCounts,
  printLetter,
  printLetters,
} from '../letter-report.ts'
import { note, printJson } from '../output.ts'

/** `./upi rejected` */
export function rejectedCommand(): Command {
  const command = newCommand('rejected', 'The dead letters: list, show, replay, discard.')
  withFilter(subCommand(command, 'list', 'Show what was rejected and why, newest first.'))
    .option('--resolved', 'also those that were replayed or discarded')
    .option('--counts', 'only how many there are of each code')
    .option('--limit <count>', 'how many at most', countOption(1, LETTERS_LISTED_MAX), 50)
    .option('--after <place>', 'go on after this one, the last of the page before', placeOption)
    .action(list)
  withTopic(subCommand(command, 'show', 'Show all of one dead letter; the audit log says who did.'))
    .argument('<place>', 'its partition and offset, as in 0:1234', placeOption)
    .option(
      '--reason <text>',
      'why you read it: needed, for it may hold personal data',
      wordsOption,
    )
    .action(show)
  subCommand(
    command,
    'replay',
    'Run dead letters again under the present rules; what is accepted goes into clean.',
  )
    .option('--code <code>', 'whose first broken rule was this', codeOption)
    .option('--since <time>', 'rejected since a day in India, or an instant', fromOption)
    .option('--until <time>', 'rejected up to the end of a day, or before an instant', toOption)
    .option('--id <place>', 'this one, as in upi_transactions:0:1234; may be repeated', idsOption)
    .option('--limit <count>', 'how many at most', countOption(1, 1_000_000_000))
    .option('--dry-run', 'only show what would become of them')
    .option('--json', 'print for machines')
    .addHelpText('after', REPLAY_HELP)
    .action(async (options) => (await import('../replay-letters.ts')).replayLetters(options))
  withFilter(subCommand(command, 'discard', 'Give dead letters up, by place or by filter.'))
    .argument('[places...]', 'their partitions and offsets, as in 0:1234 2:17', placesOption, [])
    .option('--all', 'every one that nobody has resolved')
    .option('--reason <text>', 'why, for whoever looks later', wordsOption)
    .option('--yes', 'do it; without this a filter only counts')
    .action(discard)
  return command
}

const REPLAY_HELP = `
Without a filter every dead letter that nobody has resolved is meant. It runs as replay-rejected/<time> on Temporal: Ctrl-C
leaves it running, and a letter is replayed at most once whoever asks. In the Temporal UI: workflow replayRejected
on task queue upi-heavy, input {"code", "from", "to", "ids": [{"topic", "partition", "offset"}], "limit", "dryRun",
"actor"}, all optional.`

interface Place {
  readonly partition: number
  readonly offset: bigint
}

interface TopicOptions {
  readonly topic?: string
  readonly epoch?: number
  readonly json?: boolean
}

interface FilterOptions extends TopicOptions {
  readonly code?: string
  readonly from?: Date
  readonly to?: Date
}

function withTopic(command: Command): Command {
  return command
    .option('--topic <name>', 'of this topic; by default UPI_TOPIC')
    .option('--epoch <number>', 'of a place; by default the newest', countOption(0, 1_000_000))
    .option('--json', 'print for machines')
}

function withFilter(command: Command): Command {
  return withTopic(command)
    .option('--code <code>', 'whose first broken rule is this', codeOption)
    .option('--from <time>', 'rejected since a day in India, or an instant', fromOption)
    .option('--to <time>', 'rejected up to the end of a day, or before an instant', toOption)
}

async function list(
  options: FilterOptions & { resolved?: boolean; counts?: boolean; limit: number; after?: Place },
): Promise<void> {
  const config = loadConfig()
  const filter = { ...filterOf(options, config.topic), unresolvedOnly: options.resolved !== true }
  if (options.counts === true) {
    const counts = await withModelDatabase(config, (db) => countLetters(db, filter))
    if (options.json === true) printJson(counts)
    else printCounts(counts)
    return
  }
  const { limit } = options
  const letters = await withModelDatabase(config, async (db) => {
    const [after] = await findPlaces(db, options.after ? [options.after] : [], options, filter)
    return await listLetters(db, { ...filter, after, limit: limit + 1 })
  })
  const page = letters.slice(0, limit)
  const last = letters.length > limit ? page.at(-1) : undefined
  const next = last && placeOf(last)
  if (options.json === true) printJson({ letters: page.map(letterForMachines), next: next ?? null })
  else printLetters(page, next)
}

async function show(place: Place, options: TopicOptions & { reason?: string }): Promise<void> {
  const { reason } = options
  if (reason === undefined)
    throw new UpiError('OPTION_INVALID', '--reason must say why you read it')
  const config = need(loadConfig(), 'databaseUrl')
  const by = { actor: actorOf(config), reason }
  const letter = await withDatabase(config, config.databaseUrl, async (db) => {
    const [found] = await findPlaces(db, [place], options, filterOf(options, config.topic))
    return await revealLetter(db, found as LetterPlace, by)
  })
  if (options.json !== true) {
    printLetter(letter)
    return
  }
  const { message_key: key, payload, payload_bytes, resolved_by } = letter
  const bytes = payload_bytes?.toString('base64') ?? null
  printJson({ ...letterForMachines(letter), resolved_by, key, payload, payload_base64: bytes })
}

async function discard(
  places: readonly Place[],
  options: FilterOptions & { all?: boolean; reason?: string; yes?: boolean },
): Promise<void> {
  const config = need(loadConfig(), 'ingestDatabaseUrl')
  const filter = filterOf(options, config.topic)
  const { code, from, until } = filter
  const isFiltered = [code, from, until, options.all].some((each) => each !== undefined)
  if (isFiltered === places.length > 0) {
    throw new UpiError('OPTION_INVALID', 'either places, or a filter (--all is one) must be given')
  }
  const { discarded, resolved } = await withDatabase(config, config.ingestDatabaseUrl, (db) =>
    db.transaction().execute(async (trx) => {
      const found = await findPlaces(trx, places, options, filter)
      const meant = isFiltered ? filter : found
      const { unresolved, resolved } = await countMeant(trx, meant)
      if (isFiltered && options.yes !== true) throw unconfirmed(unresolved)
      const actor = actorOf(config)
      const discarded = await discardLetters(trx, meant, actor)
      if (discarded > 0) {
        await insertAudit(trx, {
          actor,
          action: 'discard rejected',
          subject: JSON.stringify(isFiltered ? filter : found, textOfBigint),
          reason: options.reason,
          details: JSON.stringify({ letters: discarded }),
        })
      }
      return { discarded, resolved }
    }),
  )
  if (options.json === true) printJson({ discarded, already_resolved: resolved })
  else note(`${discarded} discarded; ${resolved} had been resolved before`)
}

function unconfirmed(letters: number): UpiError {
  const message = `${letters} unresolved dead letters are meant; none was discarded`
  return new UpiError('OPTION_INVALID', message, { fix: 'repeat with --yes to discard them' })
}

function filterOf({ topic, code, from, to }: FilterOptions, configured: string): LetterFilter {
  return { topic: topic ?? configured, code, from, until: to }
}

/** Finds the epochs of places; refuses places that have no dead letter. */
async function findPlaces(
  db: Kysely<Database>,
  places: readonly Place[],
  { epoch: wanted }: TopicOptions,
  { topic }: LetterFilter,
): Promise<LetterPlace[]> {
  const found: LetterPlace[] = []
  for (const { partition, offset } of places) {
    const epoch = await findLetterEpoch(db, { topic, epoch: wanted, partition, offset })
    if (epoch === undefined) {
      const at = wanted === undefined ? topic : `epoch ${wanted} of ${topic}`
      throw new UpiError('LETTER_UNKNOWN', `${at} has no dead letter at ${partition}:${offset}`, {
        fix: 'see ./upi rejected list --resolved',
      })
    }
    found.push({ topic, epoch, partition, offset })
  }
  return found
}

function placeOption(value: string): Place {
  const match = /^(\d{1,9}):(\d{1,18})$/.exec(value)
  if (match === null) {
    throw new InvalidArgumentError(`'${value}' is not a partition and offset such as 0:1234.`)
  }
  return { partition: Number(match[1]), offset: BigInt(match[2] as string) }
}

// commander collects the values of an argument that may come more than once by what it is given back.
function placesOption(value: string, before: readonly Place[]): Place[] {
  return [...before, placeOption(value)]
}

function idsOption(value: string, before: readonly LetterId[] = []): LetterId[] {
  const match = /^([A-Za-z0-9._-]{1,249}):(\d{1,9}):(\d{1,18})$/.exec(value)
  if (match === null) {
    throw new InvalidArgumentError(`'${value}' is not a place such as upi_transactions:0:1234.`)
  }
  const [, topic = '', partition, offset = ''] = match
  return [...before, { topic, partition: Number(partition), offset }]
}

function wordsOption(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('it says nothing.')
  return value
}

function codeOption(value: string): string {
  const code = value.toUpperCase()
  if (code in ERRORS && ERRORS[code as keyof typeof ERRORS].kind === 'reject') return code
  throw new InvalidArgumentError(`'${value}' is no code of a rule; docs/reference.md has them.`)
}

function fromOption(value: string): Date {
  return momentOf(value, 0)
}

function toOption(value: string): Date {
  return momentOf(value, 1)
}

/** An instant, or the start of a day so many days after the one given. */
function momentOf(value: string, daysLater: number): Date {
  if (isDate(value) || ['today', 'yesterday'].includes(value)) {
    return new Date(startOfBusinessDate(addDays(dateOption(value), daysLater)))
  }
  const instant = parseInstant(value)
  if (instant.ok) return new Date(instant.value / 1000)
  const like = '2026-02-01, today, yesterday or 2026-02-01T10:30:00+05:30'
  throw new InvalidArgumentError(`'${value}' is not a day or an instant such as ${like}.`)
}

function textOfBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
