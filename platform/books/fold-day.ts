import type { ClientBase } from 'pg'
import { areContradicting, identityDifferences, mergePayments } from '../../core/merge.ts'
import type { Payment } from '../../core/payment.ts'
import type { Faults } from './book.ts'
import { Pages } from './pages.ts'
import { messageOf, RAW_COLUMNS, type RawRow, type ReadAgain } from './raw-messages.ts'
import { offsetOf, type RawRules } from './raw-rules.ts'
import { SAID, saidOf } from './said.ts'

/** What days are folded with. */
export interface Fold {
  readonly client: ClientBase
  readonly readAgain: ReadAgain
  readonly rules: RawRules
  /** Messages that are judged otherwise than they were. */
  readonly judged: Faults
}

type AcceptedRow = RawRow & { txn_id: string }
type Message = { readonly txn_id: string; readonly payment: Payment | undefined }
type StoredRow = { readonly txn_id: string; readonly messages: number; readonly said: string }

/**
 * Folds the messages of one business day, compares each transaction with its row of that day, and gives the transactions
 * that are not explained so.
 */
export async function* foldDay(fold: Fold, day: string): AsyncGenerator<string> {
  const messages = await openMessages(fold, day)
  const rows = await openRows(fold, day)
  for (;;) {
    let message = messages.current ?? (await messages.turn())
    const row = rows.current ?? (await rows.turn())
    if (message === undefined && row === undefined) break
    // Ids are ASCII: by their units is by their bytes, as Postgres sorts them.
    const isFirst = message === undefined || (row !== undefined && row.txn_id < message.txn_id)
    const id = (isFirst ? row : message)?.txn_id as string
    const said = new SaidTogether()
    while (message?.txn_id === id) {
      said.take(message.payment)
      messages.skip()
      message = messages.current ?? (await messages.turn())
    }
    const stored = row?.txn_id === id ? row : undefined
    if (stored !== undefined) rows.skip()
    if (!said.explains(stored)) yield id
  }
}

/** What the messages of one transaction on one day say together, as long as they agree. */
class SaidTogether {
  #payment: Payment | undefined
  #messages = 0
  #isDoubtful = false

  take(payment: Payment | undefined): void {
    this.#messages += 1
    const before = this.#payment
    if (payment === undefined) this.#isDoubtful = true
    else if (before === undefined) this.#payment = payment
    else if (identityDifferences(before, payment).length > 0) this.#isDoubtful = true
    else {
      // Of a contradiction the greater status is left, which contradicts whatever comes to contradict both.
      if (areContradicting(before.status, payment.status)) this.#isDoubtful = true
      this.#payment = mergePayments(before, payment)
    }
  }

  explains(row: StoredRow | undefined): boolean {
    if (row === undefined || this.#payment === undefined || this.#isDoubtful) return false
    return row.messages === this.#messages && row.said === saidOf(this.#payment)
  }
}

async function openMessages({ client, readAgain, rules, judged }: Fold, day: string) {
  const query = `select ${RAW_COLUMNS}, txn_id from raw_upi_transactions as raw
     where business_date = '${day}' and txn_id is not null
     order by txn_id, kafka_timestamp, kafka_partition, kafka_offset`
  return await Pages.open<AcceptedRow, Message>(
    client,
    { name: 'day_messages', query },
    async (page) => {
      const results = await readAgain(page.map(messageOf))
      const otherwise: (readonly [row: AcceptedRow, now: string])[] = []
      const messages = page.map((row, i) => {
        const result = results[i]
        const payment = result?.ok === true ? result.value : undefined
        if (payment?.txn_id === row.txn_id && payment.business_date === day) {
          return { txn_id: row.txn_id, payment }
        }
        otherwise.push([row, payment === undefined ? 'a reject' : 'another id or day'])
        return { txn_id: row.txn_id, payment: undefined }
      })
      const older = await rules.others(otherwise.map(([row]) => row))
      for (const [row, expected] of otherwise) {
        const key = offsetOf(row)
        if (older.has(key)) judged.wait(key)
        else judged.add({ key, found: 'accepted', expected })
      }
      return messages
    },
  )
}

async function openRows({ client }: Fold, day: string) {
  const query = `select txn_id, messages, ${SAID} as said from clean_upi_transactions
     where business_date = '${day}' order by txn_id`
  return await Pages.open<StoredRow>(client, { name: 'day_rows', query }, (page) => page)
}
