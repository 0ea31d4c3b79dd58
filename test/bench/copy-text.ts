import pg, { type ClientBase, type Connection } from 'pg'

/** COPY … FROM STDIN of text that is at hand. */
export async function copyIn(client: ClientBase, statement: string, text: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.query(new CopyIn(statement, text, (fault) => (fault ? reject(fault) : resolve())))
  })
}

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

type Done = (fault: Error | null) => void

/** A statement sent by the simple protocol: what pg's Query takes for COPY. */
class CopyStatement extends pg.Query {
  readonly #statement: string

  constructor(statement: string, done: Done) {
    super(statement, undefined)
    this.#statement = statement
    Object.assign(this, { callback: done })
  }

  override submit = (connection: Connection): void => {
    connection.query(this.#statement)
  }
}

class CopyIn extends CopyStatement {
  readonly #text: Buffer

  constructor(statement: string, text: Buffer, done: Done) {
    super(statement, done)
    this.#text = text
  }

  handleCopyInResponse({ stream }: Connection): void {
    const frame = Buffer.alloc(FRAME_BYTES)
    frame.write('d')
    frame.writeInt32BE(LENGTH_BYTES + this.#text.length, 1)
    stream.cork()
    stream.write(frame)
    stream.write(this.#text)
    stream.write(COPY_DONE)
    stream.uncork()
  }
}

const LENGTH_BYTES = 4
const FRAME_BYTES = 1 + LENGTH_BYTES
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, LENGTH_BYTES])

class CopyOut extends CopyStatement {
  readonly #onRow: (row: Buffer) => void

  constructor(statement: string, onRow: (row: Buffer) => void, done: Done) {
    super(statement, done)
    this.#onRow = onRow
  }

  // The server sends each row as a message of its own.
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.#onRow(chunk)
  }
}
