import type { ClientBase } from 'pg'
import type { Payment } from '../core/payment.ts'
import type { BusinessDate } from '../core/time.ts'
import { checkTransaction } from '../platform/books/check-transaction.ts'
import { Pages } from '../platform/books/pages.ts'
import { messageOf, placeOf, type ReadAgain } from '../platform/books/raw-messages.ts'
import { cleanRowOf } from '../platform/queries/clean.ts'
import { type NearMessage, nearQueries, openDay } from '../platform/queries/rebuild.ts'
import type { LoggedConflictRow } from '../platform/queries/txn-conflicts.ts'

interface Read {
  readonly txnId: string
  readonly place: string
  readonly at: string
  /** Undefined: it must be looked at more closely. */
  readonly payment: Payment | undefined
}

/** One transaction of a day, and whether it may differ from what raw says. */
export interface Looked {
  readonly txnId: string
  readonly mayDiffer: boolean
}

/**
 * Looks at the transactions of a day, in the order of their ids from one on, by what is near the day; reads without a lock
 * and in the memory of a page. The caller ends the transaction.
 */
export async function* findDiffering(
  client: ClientBase,
  { date, after }: { date: BusinessDate; after: string },
  readAgain: ReadAgain,
): AsyncGenerator<Looked> {
  await openDay(client, { date, after })
  const { messages, rows, conflicts } = await openPages(client, date, readAgain)
  for (;;) {
    const heads = [
      messages.current ?? (await messages.turn()),
      rows.current ?? (await rows.turn()),
      conflicts.current ?? (await conflicts.turn()),
    ]
    // Ids are ASCII: by their units is by their bytes, as Postgres sorts them.
    const [txnId] = heads.flatMap((head) => head?.txnId ?? []).sort()
    if (txnId === undefined) return
    const read = await takeOf(messages, txnId)
    const known = read.flatMap(({ payment, ...at }) => (payment ? [{ ...at, payment }] : []))
    const isKnown = known.length === read.length && read.length > 0
    const all = {
      txnId,
      messages: known,
      rows: await takeOf(rows, txnId),
      conflicts: await takeOf(conflicts, txnId),
    }
    const { findings, waits } = isKnown ? checkTransaction(all) : SUSPICIOUS
    yield { txnId, mayDiffer: waits || findings.length > 0 }
  }
}

const SUSPICIOUS = { findings: [], waits: true }

async function openPages(client: ClientBase, date: BusinessDate, readAgain: ReadAgain) {
  const queries = nearQueries(date)
  const messages = await Pages.open(
    client,
    { name: 'near_messages', query: queries.messages },
    async (page: NearMessage[]): Promise<Read[]> => {
      const results = await readAgain(page.map(messageOf))
      return page.map((row, index) => readOf(row, results[index]))
    },
  )
  const rows = await Pages.open(
    client,
    { name: 'near_rows', query: queries.rows },
    (page: (Record<string, unknown> & { txn_id: string })[]) =>
      page.map((row) => ({ txnId: row.txn_id, ...cleanRowOf(row) })),
  )
  const conflicts = await Pages.open(
    client,
    { name: 'near_conflicts', query: queries.conflicts },
    (page: LoggedConflictRow[]) =>
      page.map((line) => ({
        txnId: line.txn_id,
        at: `${placeOf(line)}/${line.kafka_offset}`,
        kind: line.kind,
      })),
  )
  return { messages, rows, conflicts }
}

/** The rows of a transaction, if it is the next. */
async function takeOf<From extends object, Row extends { readonly txnId: string }>(
  pages: Pages<From, Row>,
  txnId: string,
): Promise<Row[]> {
  const taken: Row[] = []
  let row = pages.current
  while (row?.txnId === txnId) {
    taken.push(row)
    pages.skip()
    row = pages.current ?? (await pages.turn())
  }
  return taken
}

function readOf(
  row: NearMessage,
  result: Awaited<ReturnType<ReadAgain>>[number] | undefined,
): Read {
  const place = placeOf(row)
  const payment = result?.ok ? result.value : undefined
  const isSame = payment?.txn_id === row.txn_id && payment.business_date === row.business_date
  const at = `${place}/${row.kafka_offset}`
  return {
    txnId: row.txn_id,
    place,
    at,
    payment: isSame && row.is_far !== true ? payment : undefined,
  }
}
