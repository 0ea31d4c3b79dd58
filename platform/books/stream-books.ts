import { addDays } from '../../core/time.ts'
import type { BookDays, SqlBook } from './book.ts'
import { withinDates, withinUtcDays } from './within-days.ts'

const PLACE = `concat(topic, '/', epoch, '/', kafka_partition)`
const RAW_DAY = `(kafka_timestamp at time zone 'UTC')::date`

/** What was read of the log: by batches, or left out as gaps. */
const SPANS = `
  select topic, epoch, kafka_partition, first_offset, next_offset
    from ops.stream_batches where kind = 'stream'
  union all
  select topic, epoch, kafka_partition, first_offset, next_offset from ops.stream_gaps`

interface Limits {
  /** On raw and dead letters, by Kafka's time. */
  readonly ofRaw: string
  /** On batches, by the day that they are of. */
  readonly ofBooks: string
}

/**
 * The books of offsets, raw and rejected: each message of the log once, and accepted or rejected. What is about messages
 * may be limited to some days of Kafka's time; what is a chain or a sum over all of the stream is not.
 */
export function streamBooks(days?: BookDays): SqlBook[] {
  return [...WHOLE_BOOKS, ...messageBooks(days)]
}

/** Those of them that are about messages. */
export function messageBooks(days?: BookDays): SqlBook[] {
  // A day of India begins in the UTC day before.
  const utc = days && { from: addDays(days.from, -1), to: days.to }
  const limits = {
    ofRaw: withinUtcDays('kafka_timestamp', utc),
    ofBooks: withinDates('raw_day', utc),
  }
  return MESSAGE_BOOKS.map((limited) => limited(limits))
}

const sumOf = (counts: string, where = 'true') =>
  `select sum(${counts}) from ops.stream_batches where ${where}`

const WHOLE_BOOKS: readonly SqlBook[] = [
  {
    name: 'spans',
    count: `select count(*) from ops.stream_batches`,
    unit: 'batches',
    says: 'batches and gaps follow one another from offset 0 on, without a hole and without an overlap',
    faults: `
        select concat(${PLACE}, '/', first_offset) as key, first_offset as found, reached as expected
          from (select *, coalesce(max(next_offset) over (
                    partition by topic, epoch, kafka_partition order by first_offset, next_offset
                    rows between unbounded preceding and 1 preceding), 0) as reached
                  from (${SPANS}) as span) as step
         where first_offset <> reached`,
  },
  {
    name: 'offsets',
    count: `select count(*) from ops.stream_offsets`,
    unit: 'partitions',
    says: 'every stored offset is where its last batch ends',
    faults: `
        select ${PLACE} as key, stored as found, reached as expected
          from (select topic, epoch, kafka_partition, max(next_offset) as reached
                  from (${SPANS}) as span group by 1, 2, 3) as spans
          full join (select topic, epoch, kafka_partition, max(next_offset) as stored
                       from ops.stream_offsets group by 1, 2, 3) as offsets
            using (topic, epoch, kafka_partition)
         where coalesce(stored, 0) <> coalesce(reached, 0)`,
  },
  {
    name: 'clean',
    count: sumOf('inserted - absorbed'),
    unit: 'rows',
    says: 'rows = inserted - absorbed, and their messages = inserted + merged + duplicate',
    faults: `
        select 'all' as key,
               concat(clean.rows, ' rows of ', clean.messages, ' messages') as found,
               concat(books.rows, ' rows of ', books.messages, ' messages') as expected
          from (select count(*) as rows, coalesce(sum(messages), 0) as messages
                  from clean_upi_transactions) as clean,
               (select coalesce(sum(inserted - absorbed), 0) as rows,
                       coalesce(sum(inserted + merged + duplicate), 0) as messages
                  from ops.stream_batches) as books
         where (clean.rows, clean.messages) is distinct from (books.rows, books.messages)`,
  },
  {
    name: 'conflicting',
    count: sumOf('conflicting'),
    unit: 'messages',
    says: 'every message that was booked as conflicting is in the log of conflicts',
    faults: `
        select 'all' as key, logged as found, booked as expected
          from (select count(*) as logged from ops.txn_conflicts where kind = 'identity') as log,
               (select coalesce(sum(conflicting), 0) as booked from ops.stream_batches) as books
         where logged <> booked`,
  },
]

/** The books that look at all of the stream, whatever the days of a run. */
export const WHOLE_BOOK_NAMES: readonly string[] = WHOLE_BOOKS.map(({ name }) => name)

const MESSAGE_BOOKS: readonly ((limits: Limits) => SqlBook)[] = [
  ({ ofBooks }) => ({
    name: 'batches',
    count: `select count(*) from ops.stream_batches where ${ofBooks}`,
    unit: 'batches',
    says: 'each batch has its messages in raw: its offsets less the gaps among them',
    faults: `
        select concat(${PLACE}, '/', first_offset) as key,
               concat(rows, ' rows') as found,
               concat(messages, ' messages in ', next_offset - first_offset - gaps, ' offsets') as expected
          from ops.stream_batches as batch
          cross join lateral (
            select count(*) as rows from raw_upi_transactions as raw
             where raw.kafka_partition = batch.kafka_partition
               and raw.kafka_offset >= batch.first_offset and raw.kafka_offset < batch.next_offset
               and raw.topic = batch.topic and raw.epoch = batch.epoch
               and raw.kafka_timestamp >= batch.raw_day::timestamp at time zone 'UTC'
               and raw.kafka_timestamp < (batch.raw_day + 1)::timestamp at time zone 'UTC') as raw
         where batch.kind = 'stream' and ${ofBooks}
           and (rows <> messages or messages <> next_offset - first_offset - gaps)`,
  }),
  ({ ofRaw, ofBooks }) => ({
    name: 'raw',
    count: sumOf('messages', ofBooks),
    unit: 'messages',
    says: 'by day and partition: raw = accepted + rejected of the books',
    faults: `
        with raw as (
          select topic, epoch, kafka_partition, ${RAW_DAY} as raw_day,
                 count(*) as messages, count(txn_id) as accepted
            from raw_upi_transactions where ${ofRaw} group by 1, 2, 3, 4),
        rejected as (
          select topic, epoch, kafka_partition, ${RAW_DAY} as raw_day, count(*) as rejected
            from rejected_upi_transactions where resolution is distinct from 'replayed' and ${ofRaw}
           group by 1, 2, 3, 4),
        books as (
          select topic, epoch, kafka_partition, raw_day, sum(messages) as messages,
                 sum(accepted) as accepted, sum(rejected) as rejected
            from ops.stream_batches where ${ofBooks} group by 1, 2, 3, 4)
        select concat(${PLACE}, ' on ', raw_day) as key,
               concat_ws(' ', coalesce(raw.messages, 0), 'raw,', coalesce(raw.accepted, 0), 'accepted,',
                 coalesce(rejected.rejected, 0), 'rejected') as found,
               concat_ws(' ', coalesce(books.messages, 0), 'raw,', coalesce(books.accepted, 0),
                 'accepted,', coalesce(books.rejected, 0), 'rejected') as expected
          from raw full join rejected using (topic, epoch, kafka_partition, raw_day)
          full join books using (topic, epoch, kafka_partition, raw_day)
         where coalesce(raw.messages, 0) <> coalesce(books.messages, 0)
            or coalesce(raw.accepted, 0) <> coalesce(books.accepted, 0)
            or coalesce(rejected.rejected, 0) <> coalesce(books.rejected, 0)`,
  }),
  ({ ofRaw, ofBooks }) => ({
    name: 'raw once',
    count: sumOf('messages', ofBooks),
    unit: 'messages',
    says: 'no offset is in raw twice',
    faults: `
        select concat(${PLACE}, '/', kafka_offset) as key, count(*) as found, 1 as expected
          from raw_upi_transactions where ${ofRaw}
         group by topic, epoch, kafka_partition, kafka_offset having count(*) > 1`,
  }),
  ({ ofRaw, ofBooks }) => ({
    name: 'rejected once',
    count: sumOf('rejected', ofBooks),
    unit: 'dead letters',
    says: 'what raw shows as rejected is among the dead letters, and nothing else',
    faults: `
        select concat(${PLACE}, '/', kafka_offset) as key,
               case when dead.is_there then 'a dead letter' else 'none' end as found,
               case when raw.is_there then 'one' else 'none: raw has no such rejected message' end as expected
          from (select topic, epoch, kafka_partition, kafka_offset, true as is_there
                  from raw_upi_transactions where txn_id is null and ${ofRaw}) as raw
          full join (select topic, epoch, kafka_partition, kafka_offset, true as is_there
                       from rejected_upi_transactions
                      where resolution is distinct from 'replayed' and ${ofRaw}) as dead
            using (topic, epoch, kafka_partition, kafka_offset)
         where raw.is_there is null or dead.is_there is null`,
  }),
]
