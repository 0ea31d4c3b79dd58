import type { ClientBase } from 'pg'

/** One of the books: what must agree, and whether it does. */
export interface Book {
  readonly name: string
  /** `waits`: only a rebuild can settle it; nothing is lost. */
  readonly state: 'balanced' | 'broken' | 'waits'
  /** One line with the figures; never a VPA or an amount of somebody. */
  readonly line: string
  /** The first few places where it does not agree: offsets, ids of transactions, minutes. */
  readonly keys: readonly string[]
}

/** A place where two sides differ. */
export interface Fault {
  readonly key: string
  readonly found: string
  readonly expected: string
}

/** A book that one query can check: it selects the places that differ as key, found and expected. */
export interface SqlBook {
  readonly name: string
  /** What agrees when nothing is selected. */
  readonly says: string
  readonly faults: string
}

const KEYS_SHOWN_MAX = 5

/** Checks one book by its query, on whatever snapshot the client has. */
export async function checkByQuery(client: ClientBase, book: SqlBook): Promise<Book> {
  const { rows } = await client.query<Fault & { faults: string }>(
    `select key, found::text, expected::text, count(*) over () as faults
       from (${book.faults}) as fault
      order by key
      limit ${KEYS_SHOWN_MAX}`,
  )
  return bookOf(book.name, book.says, { broken: rows, count: Number(rows[0]?.faults ?? 0) })
}

/** A book from what was found wrong with it, and what waits for a rebuild. */
export function bookOf(
  name: string,
  says: string,
  { broken, count, waiting = [] }: { broken: readonly Fault[]; count: number; waiting?: string[] },
): Book {
  const [first] = broken
  if (first !== undefined) {
    const { key, found, expected } = first
    const line = `${count} wrong; ${key}: found ${found}, expected ${expected}`
    return { name, state: 'broken', line, keys: broken.map((fault) => fault.key) }
  }
  if (waiting.length === 0) return { name, state: 'balanced', line: says, keys: [] }
  const line = `${says}; waiting for a rebuild: ${waiting.length}`
  return { name, state: 'waits', line, keys: waiting.slice(0, KEYS_SHOWN_MAX) }
}

/** Counts faults and keeps the first few, so that a million of them cost no memory. */
export class Faults {
  readonly broken: Fault[] = []
  count = 0

  add(fault: Fault): void {
    this.count += 1
    if (this.broken.length < KEYS_SHOWN_MAX) this.broken.push(fault)
  }
}
