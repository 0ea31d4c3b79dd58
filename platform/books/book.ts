import type { ClientBase } from 'pg'
import type { BookState } from '../../core/book-state.ts'

/** One of the books: what must agree, and whether it does. */
export interface Book {
  readonly name: string
  readonly state: BookState
  /** How much of what was compared. */
  readonly checked: number
  readonly unit: string
  readonly wrong: number
  readonly waiting: number
  /** One line with the figures; never a VPA or an amount of somebody. */
  readonly line: string
  /** The first few places where it does not agree: offsets, ids of transactions, minutes. */
  readonly keys: readonly string[]
  /** How long it took, which books that are checked together share. */
  readonly seconds?: number
  /** What the first of them holds, and what it should. */
  readonly found?: string | undefined
  readonly expected?: string | undefined
}

/** Days to which books are limited, both ends included. */
export interface BookDays {
  readonly from: string
  readonly to: string
}

/** A place where two sides differ. */
export interface Fault {
  readonly key: string
  readonly found: string
  readonly expected: string
}

/** A book that queries can check. */
export interface SqlBook {
  readonly name: string
  /** What agrees when nothing is selected. */
  readonly says: string
  /** A query for how much there is to compare, and what that is. */
  readonly count?: string
  readonly unit?: string
  /** Selects the places that differ as key, found and expected; where there are several, in the order of their places. */
  readonly faults: string | readonly string[]
}

const KEYS_SHOWN_MAX = 5

/** Checks one book by its queries, on whatever snapshot the client has. */
export async function checkByQuery(client: ClientBase, book: SqlBook): Promise<Book> {
  const { name, says, count: total = 'null', unit = '', faults } = book
  const broken: Fault[] = []
  let count = 0
  for (const places of [faults].flat()) {
    const { rows } = await client.query<Fault & { faults: string }>(
      `select key, found::text, expected::text, count(*) over () as faults
         from (${places}) as fault
        order by key
        limit ${KEYS_SHOWN_MAX}`,
    )
    broken.push(...rows.slice(0, KEYS_SHOWN_MAX - broken.length))
    count += Number(rows[0]?.faults ?? 0)
  }
  const { rows: counted } = await client.query<{ checked: string }>(
    `select coalesce((${total})::bigint, 0) as checked`,
  )
  return bookOf(name, says, { broken, count, checked: Number(counted[0]?.checked), unit })
}

/** What was found of a book. */
export interface Findings {
  readonly broken: readonly Fault[]
  readonly count: number
  /** What only a rebuild can settle: how much, and the first of it. */
  readonly waiting?: { readonly count: number; readonly keys: readonly string[] }
  readonly checked?: number
  readonly unit?: string
}

/** A book from what was found wrong with it, and what waits for a rebuild. */
export function bookOf(
  name: string,
  says: string,
  { broken, count, waiting = NONE, checked = 0, unit = '' }: Findings,
): Book {
  const [first] = broken
  const same = { name, checked, unit, wrong: count, waiting: waiting.count }
  if (first !== undefined) {
    const { key, found, expected } = first
    const line = `${count} wrong; ${key}: found ${found}, expected ${expected}`
    const keys = broken.map((fault) => fault.key)
    return { ...same, state: 'broken', line, keys, found, expected }
  }
  if (waiting.count === 0) return { ...same, state: 'balanced', line: says, keys: [] }
  const line = `${says}; waiting for a rebuild: ${waiting.count}`
  return { ...same, state: 'waits', line, keys: waiting.keys }
}

const NONE = { count: 0, keys: [] }

/** Counts faults and keeps the first few, so that a million of them cost no memory. */
export class Faults {
  readonly broken: Fault[] = []
  count = 0
  readonly waiting = { count: 0, keys: [] as string[] }

  add(fault: Fault): void {
    this.count += 1
    if (this.broken.length < KEYS_SHOWN_MAX) this.broken.push(fault)
  }

  /** Notes what a rebuild will settle. */
  wait(key: string): void {
    this.waiting.count += 1
    if (this.waiting.keys.length < KEYS_SHOWN_MAX) this.waiting.keys.push(key)
  }
}
