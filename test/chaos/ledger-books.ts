import type { PoolClient } from 'pg'
import { type Book, checkByQuery, type SqlBook } from '../../platform/books/book.ts'
import { DIGEST_IN_SQL } from './ledger.ts'

const LEDGER_BOOKS: readonly SqlBook[] = [
  {
    name: 'topic',
    says: 'raw has what Kafka has: each offset, with its bytes and its time',
    faults: `
      select concat(kafka_partition, '/', kafka_offset) as key,
             case when raw.digest is null then 'nothing' else 'other bytes or another time' end as found,
             case when kept.digest is null then 'nothing' else 'the message of Kafka' end as expected
        from (select kafka_partition, kafka_offset, ${DIGEST_IN_SQL} as digest,
                     (extract(epoch from kafka_timestamp) * 1000)::bigint as kafka_ms
                from raw_upi_transactions as raw) as raw
        full join topic_log as kept using (kafka_partition, kafka_offset)
       where (raw.digest, raw.kafka_ms) is distinct from (kept.digest, kept.kafka_ms)`,
  },
  {
    name: 'ledger',
    says: 'every message that Kafka acknowledged is in raw once, and none that was not sent',
    faults: `
      select coalesce(ledger.txn_id, digest) as key, coalesce(raw.times, 0) as found,
             concat(coalesce(acknowledged, 0), ' acknowledged, ', coalesce(unknown, 0), ' unknown')
               as expected
        from (select ${DIGEST_IN_SQL} as digest, count(*) as times
                from raw_upi_transactions as raw group by 1) as raw
        full join ledger using (digest)
       where coalesce(raw.times, 0) not between coalesce(acknowledged, 0)
         and coalesce(acknowledged, 0) + coalesce(unknown, 0)`,
  },
  {
    name: 'outcome',
    says: 'what was sent as a payment is accepted under its id, and what was spoilt is rejected',
    faults: `
      select concat(kafka_partition, '/', kafka_offset) as key,
             coalesce(raw.txn_id, 'rejected') as found, coalesce(ledger.txn_id, 'rejected') as expected
        from raw_upi_transactions as raw join ledger on ledger.digest = ${DIGEST_IN_SQL}
       where raw.txn_id is distinct from ledger.txn_id`,
  },
  {
    name: 'amounts',
    says: 'to the paisa: what was sent is what clean has, but for the messages that conflict',
    faults: `
      select 'all' as key, concat(kept, ' paise') as found, concat(sent, ' paise') as expected
        from (select coalesce(sum(ledger.paise), 0) as sent
                from raw_upi_transactions as raw join ledger on ledger.digest = ${DIGEST_IN_SQL}
               where raw.txn_id is not null and not exists (
                 select from ops.txn_conflicts as conflict
                  where conflict.kind = 'identity' and conflict.topic = raw.topic
                    and conflict.epoch = raw.epoch and conflict.kafka_partition = raw.kafka_partition
                    and conflict.kafka_offset = raw.kafka_offset)) as sent,
             (select coalesce(sum(amount * messages), 0) * 100 as kept
                from clean_upi_transactions) as kept
       where sent <> kept`,
  },
  {
    name: 'letters',
    says: 'every dead letter is in its topic at least once, and nothing else is',
    faults: `
      select concat(kafka_partition, '/', kafka_offset) as key,
             coalesce(letters.times, 0) as found,
             case when dead.is_relayed is null then 'none: it was not rejected'
                  when dead.is_relayed then 'a letter' else 'a letter, not marked yet' end as expected
        from (select kafka_partition, kafka_offset, relayed_at is not null as is_relayed
                from rejected_upi_transactions) as dead
        full join (select kafka_partition, kafka_offset, count(*) as times
                     from letters group by 1, 2) as letters
          using (kafka_partition, kafka_offset)
       where letters.times is null or dead.is_relayed is not true`,
  },
]

/** Compares raw with the temporary tables `ledger`, `topic_log` and `letters` of this connection. */
export async function checkLedger(client: PoolClient): Promise<Book[]> {
  const books: Book[] = []
  for (const book of LEDGER_BOOKS) books.push(await checkByQuery(client, book))
  return books
}
