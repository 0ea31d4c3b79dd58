import type { BookDays } from './book.ts'
import type { Fold } from './fold-day.ts'
import { Pages } from './pages.ts'
import { messageOf, RAW_COLUMNS, type RawRow } from './raw-messages.ts'
import { offsetOf } from './raw-rules.ts'
import { withinUtcDays } from './within-days.ts'

type RejectedRow = RawRow & { reasons: string[] | null }

/**
 * Dead letters must still be refused, for the same reasons. A row that Postgres refused is beyond the processors, and one
 * that came before its schema is a replay's work.
 */
export async function checkRejected(
  { client, readAgain, rules, judged }: Fold,
  days: BookDays | undefined,
): Promise<void> {
  const query = `select ${RAW_COLUMNS}, dead.reasons
      from raw_upi_transactions as raw
      left join rejected_upi_transactions as dead
        using (kafka_partition, kafka_offset, topic, epoch)
     where raw.txn_id is null and ${withinUtcDays('raw.kafka_timestamp', days)}`
  const judge = async (page: RejectedRow[]) => {
    const results = await readAgain(page.map(messageOf))
    const otherwise = page.flatMap((row, i) => {
      const result = results[i]
      const expected = result?.ok === true ? 'accepted' : codesOf(result?.reasons ?? [])
      const found = (row.reasons ?? []).join(', ')
      const isSame = found === expected || found === 'INTERNAL' || row.reasons === null
      return isSame ? [] : [{ row, found, expected }]
    })
    const older = await rules.others(otherwise.map(({ row }) => row))
    for (const { row, found, expected } of otherwise) {
      const key = offsetOf(row)
      if (older.has(key) || found === 'SCHEMA_UNKNOWN') judged.wait(key)
      else judged.add({ key, found, expected })
    }
    return page
  }
  const pages = await Pages.open(client, { name: 'rejected_messages', query }, judge)
  while ((await pages.turn()) !== undefined);
}

function codesOf(reasons: readonly { readonly code: string }[]): string {
  return reasons.map(({ code }) => code).join(', ')
}
