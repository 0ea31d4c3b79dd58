import type { ClientBase } from 'pg'

const ROWS_AT_ONCE = 2_000

/** Rows of one transaction. */
export interface Group<Row> {
  readonly txnId: string
  readonly rows: readonly Row[]
}

/**
 * Reads the rows of a query that is ordered by txn_id, a transaction at a time, through a cursor: a table of any size costs
 * the memory of a page. `convert` sees each page, in order; what it makes undefined is left out.
 */
export async function* groupsOf<From extends { txn_id: string }, To>(
  client: ClientBase,
  { name, query }: { name: string; query: string },
  convert: (page: From[]) => Promise<(To | undefined)[]> | (To | undefined)[],
): AsyncGenerator<Group<To>> {
  await client.query(`declare ${name} no scroll cursor for ${query}`)
  let txnId: string | undefined
  let rows: To[] = []
  for (;;) {
    const page = (await client.query<From>(`fetch ${ROWS_AT_ONCE} from ${name}`)).rows
    const converted = await convert(page)
    for (const [index, row] of page.entries()) {
      if (txnId !== undefined && row.txn_id !== txnId) {
        yield { txnId, rows }
        rows = []
      }
      txnId = row.txn_id
      const made = converted[index]
      if (made !== undefined) rows.push(made)
    }
    if (page.length < ROWS_AT_ONCE) break
  }
  if (txnId !== undefined) yield { txnId, rows }
  await client.query(`close ${name}`)
}

/** Brings sequences of groups together by transaction, in order; a transaction that one of them lacks is empty there. */
export async function* together<A, B, C>(
  ...sources: [AsyncGenerator<Group<A>>, AsyncGenerator<Group<B>>, AsyncGenerator<Group<C>>]
): AsyncGenerator<{ txnId: string; parts: [readonly A[], readonly B[], readonly C[]] }> {
  const heads = [] as (Group<unknown> | undefined)[]
  for (const source of sources) heads.push(await nextOf<unknown>(source))
  for (;;) {
    const ids = heads.flatMap((head) => (head === undefined ? [] : [head.txnId]))
    if (ids.length === 0) return
    // Ids are ASCII: by their units is by their bytes, as Postgres sorts them.
    const txnId = ids.sort()[0] as string
    const parts: (readonly unknown[])[] = []
    for (const [index, head] of heads.entries()) {
      parts.push(head?.txnId === txnId ? head.rows : [])
      if (head?.txnId === txnId)
        heads[index] = await nextOf(sources[index] as AsyncGenerator<Group<unknown>>)
    }
    yield { txnId, parts: parts as [readonly A[], readonly B[], readonly C[]] }
  }
}

async function nextOf<Row>(source: AsyncGenerator<Group<Row>>): Promise<Group<Row> | undefined> {
  const { value, done } = await source.next()
  return done === true ? undefined : value
}
