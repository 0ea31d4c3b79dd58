import type { ClientBase } from 'pg'

const ROWS_AT_ONCE = 2_000

/**
 * Reads a query through a cursor, a page ahead of its reader: a table of any size costs the memory of two pages, and
 * Postgres works while the page before is looked at.
 */
export class Pages<From extends object, To = From> {
  /** The row in hand; undefined where the next page is needed, and at the end. */
  current: To | undefined
  readonly #client: ClientBase
  readonly #name: string
  readonly #convert: (page: From[]) => Promise<To[]> | To[]
  #page: To[] = []
  #at = 0
  #next: Promise<From[]> | undefined

  private constructor(
    client: ClientBase,
    name: string,
    convert: (page: From[]) => Promise<To[]> | To[],
  ) {
    this.#client = client
    this.#name = name
    this.#convert = convert
    this.#next = this.#fetch()
  }

  /** Opens the cursor; `convert` sees each page and makes as many rows of it, in order. */
  static async open<From extends object, To = From>(
    client: ClientBase,
    { name, query }: { name: string; query: string },
    convert: (page: From[]) => Promise<To[]> | To[],
  ): Promise<Pages<From, To>> {
    await client.query(`declare ${name} no scroll cursor for ${query}`)
    return new Pages(client, name, convert)
  }

  /** Goes on to the next row of the page. */
  skip(): void {
    this.#at += 1
    this.current = this.#page[this.#at]
  }

  /** The next row where the page has ended; undefined at the end of all, when the cursor is closed. */
  async turn(): Promise<To | undefined> {
    if (this.#next === undefined) return undefined
    const page = await this.#next
    const isLast = page.length < ROWS_AT_ONCE
    this.#next = isLast ? undefined : this.#fetch()
    this.#page = await this.#convert(page)
    this.#at = 0
    this.current = this.#page[0]
    if (isLast) await this.#client.query(`close ${this.#name}`)
    return this.current
  }

  async #fetch(): Promise<From[]> {
    const answer = this.#client.query<From>(`fetch ${ROWS_AT_ONCE} from ${this.#name}`)
    // Whoever asks for the page hears of its failure; nobody may ask any more.
    answer.catch(() => {})
    return (await answer).rows
  }
}
