import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import { UpiError } from '../../core/errors.ts'
import type { Database } from '../database.ts'
import { keyOfLetter } from './raw.ts'

/** Which dead letters are meant: all of a topic that these say nothing against. */
export interface LetterFilter {
  readonly topic: string
  /** The first broken rule. */
  readonly code?: string | undefined
  /** By when they were rejected: the first instant, and the one after the last. */
  readonly from?: Date | undefined
  readonly until?: Date | undefined
}

/** Where in Kafka a dead letter lies. */
export interface LetterPlace {
  readonly topic: string
  readonly epoch: number
  readonly partition: number
  readonly offset: bigint
}

/** A dead letter without what it says: the payload is personal data. */
export type ListedLetter = Awaited<ReturnType<typeof listLetters>>[number]

/** Lists dead letters, newest first, of one page those that come after a letter. */
export async function listLetters(
  db: Kysely<Database>,
  filter: LetterFilter & { unresolvedOnly: boolean; limit: number; after: LetterPlace | undefined },
) {
  const { after } = filter
  return await db
    .selectFrom('ops.rejected_messages')
    .selectAll()
    .where(matches(filter))
    .$if(filter.unresolvedOnly, (query) => query.where('resolution', 'is', null))
    .$if(after !== undefined, (query) =>
      query.where(
        sql<SqlBool>`(rejected_at, kafka_partition, kafka_offset, epoch) < (
          select rejected_at, kafka_partition, kafka_offset, epoch
            from ops.rejected_messages
           where topic = ${after?.topic} and epoch = ${after?.epoch}
             and kafka_partition = ${after?.partition} and kafka_offset = ${after?.offset})`,
      ),
    )
    .orderBy('rejected_at', 'desc')
    .orderBy('kafka_partition', 'desc')
    .orderBy('kafka_offset', 'desc')
    .orderBy('epoch', 'desc')
    .limit(filter.limit)
    .execute()
}

/** How many dead letters there are of a code, and since when. */
export type CountedLetters = Awaited<ReturnType<typeof countLetters>>[number]

/** How many dead letters there are of each code, and how many of them nobody has resolved; the most first. */
export async function countLetters(
  db: Kysely<Database>,
  filter: LetterFilter & { unresolvedOnly: boolean },
) {
  return await db
    .selectFrom('ops.rejected_messages')
    .select(({ fn }) => [
      'reason_code',
      sql<number>`count(*)::integer`.as('letters'),
      sql<number>`(count(*) filter (where resolution is null))::integer`.as('unresolved'),
      fn.min('rejected_at').as('oldest'),
      fn.max('rejected_at').as('newest'),
    ])
    .where(matches(filter))
    .$if(filter.unresolvedOnly, (query) => query.where('resolution', 'is', null))
    .groupBy('reason_code')
    .orderBy('letters', 'desc')
    .orderBy('reason_code')
    .execute()
}

/** Finds the epoch of a letter: the newest that has one there, or the one that is asked for. Undefined: there is none. */
export async function findLetterEpoch(
  db: Kysely<Database>,
  { topic, epoch, partition, offset }: Omit<LetterPlace, 'epoch'> & { epoch: number | undefined },
): Promise<number | undefined> {
  const row = await db
    .selectFrom('ops.rejected_messages')
    .select('epoch')
    .where('topic', '=', topic)
    .where('kafka_partition', '=', partition)
    .where('kafka_offset', '=', String(offset))
    .$if(epoch !== undefined, (query) => query.where('epoch', '=', epoch as number))
    .orderBy('epoch', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.epoch
}

/** All of one dead letter, what it says included; who reads it and why goes to the audit log. */
export async function revealLetter(
  db: Kysely<Database>,
  { topic, epoch, partition, offset }: LetterPlace,
  { actor, reason }: { actor: string; reason: string },
): Promise<RevealedLetter> {
  const { rows } = await sql<RevealedLetter>`
    select letter.*, ${sql.raw(keyOfLetter('letter'))} as message_key
      from ops.reveal_rejected(${topic}, ${epoch}, ${partition}, ${offset}, ${actor}, ${reason})
             as letter`.execute(db)
  const [letter] = rows
  if (letter === undefined) throw new UpiError('BUG', 'a dead letter that was there is gone')
  return letter
}

export interface RevealedLetter {
  kafka_timestamp: Date
  kafka_offset: string
  rejected_at: Date
  resolved_at: Date | null
  relayed_at: Date | null
  epoch: number
  kafka_partition: number
  topic: string
  reason_code: string
  reasons: string[]
  detail: string | null
  payload: string | null
  payload_bytes: Buffer | null
  resolution: string | null
  resolved_by: string | null
  message_key: string | null
}

/** What a discard meets. */
export interface DiscardCounts {
  readonly unresolved: number
  readonly resolved: number
}

/** Counts the letters that are meant, by whether somebody has resolved them. */
export async function countMeant(
  db: Kysely<Database>,
  meant: LetterFilter | readonly LetterPlace[],
): Promise<DiscardCounts> {
  return await db
    .selectFrom('ops.rejected_messages')
    .select([
      sql<number>`(count(*) filter (where resolution is null))::integer`.as('unresolved'),
      sql<number>`count(resolution)::integer`.as('resolved'),
    ])
    .where(isMeant(meant))
    .executeTakeFirstOrThrow()
}

/** Gives up the letters that are meant and that nobody has resolved, and counts them. */
export async function discardLetters(
  db: Kysely<Database>,
  meant: LetterFilter | readonly LetterPlace[],
  actor: string,
): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('rejected_upi_transactions')
    .set({
      resolution: 'discarded',
      resolved_at: sql<Date>`clock_timestamp()`,
      resolved_by: actor,
    })
    .where('resolution', 'is', null)
    .where(isMeant(meant))
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

function isMeant(meant: LetterFilter | readonly LetterPlace[]): RawBuilder<SqlBool> {
  return 'topic' in meant ? matches(meant) : liesIn(meant)
}

// The view and its table have these columns under the same names.
function matches({ topic, code, from, until }: LetterFilter): RawBuilder<SqlBool> {
  const conditions = [
    sql`topic = ${topic}`,
    ...(code === undefined ? [] : [sql`reason_code = ${code}`]),
    ...(from === undefined ? [] : [sql`rejected_at >= ${from}`]),
    ...(until === undefined ? [] : [sql`rejected_at < ${until}`]),
  ]
  return sql<SqlBool>`(${sql.join(conditions, sql` and `)})`
}

function liesIn(places: readonly LetterPlace[]): RawBuilder<SqlBool> {
  const rows = places.map(
    ({ topic, epoch, partition, offset }) =>
      sql`(${topic}, ${epoch}::integer, ${partition}::integer, ${offset}::bigint)`,
  )
  return sql<SqlBool>`(topic, epoch, kafka_partition, kafka_offset) in (${sql.join(rows)})`
}
