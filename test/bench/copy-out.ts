import pg, { type ClientBase, type Connection } from 'pg'

/** COPY … TO STDOUT; each row is given to `onRow` as it comes, and may be kept only until that returns. */
export async function copyOut(
  client: ClientBase,
  statement: string,
  onRow: (row: Buffer) => void,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.query(new CopyOut(statement, onRow, (fault) => (fault ? reject(fault) : resolve())))
  })
}

// Sent by the simple protocol, as what pg's Query takes for COPY.
class CopyOut extends pg.Query {
  readonly #statement: string
  readonly #onRow: (row: Buffer) => void

  constructor(
    statement: string,
    onRow: (row: Buffer) => void,
    done: (fault: Error | null) => void,
  ) {
    super(statement, undefined)
    this.#statement = statement
    this.#onRow = onRow
    Object.assign(this, { callback: done })
  }

  override submit = (connection: Connection): void => {
    connection.query(this.#statement)
  }

  // The server sends each row as a message of its own.
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.#onRow(chunk)
  }
}
