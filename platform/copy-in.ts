import pg, { type ClientBase, type Connection } from 'pg'

/**
 * COPY … FROM STDIN of rows that are at hand. Statement, rows and end are sent at once, without waiting for the server
 * to ask for them, so that on a pipelined connection a COPY costs no round trip: what follows an error the server
 * ignores, as the protocol says.
 */
export async function copyIn(client: ClientBase, text: string, rows: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.query(new CopyIn(text, rows, (fault) => (fault ? reject(fault) : resolve())))
  })
}

// A kind of Query, which is what pg pipelines.
class CopyIn extends pg.Query {
  readonly #text: string
  readonly #rows: Buffer

  constructor(text: string, rows: Buffer, done: (fault: Error | null) => void) {
    super(text, undefined)
    this.#text = text
    this.#rows = rows
    Object.assign(this, { callback: done })
  }

  override submit = (connection: Connection): void => {
    const { stream } = connection
    stream.cork()
    connection.query(this.#text)
    // Not by pg's own writer, which would copy the rows into a buffer that it keeps.
    stream.write(frameOf(this.#rows.length))
    stream.write(this.#rows)
    stream.write(COPY_DONE)
    stream.uncork()
  }

  handleCopyInResponse(): void {
    // The rows are on their way already.
  }
}

const LENGTH_BYTES = 4
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, LENGTH_BYTES])

function frameOf(bytes: number): Buffer {
  const header = Buffer.alloc(1 + LENGTH_BYTES)
  header[0] = 0x64
  header.writeInt32BE(LENGTH_BYTES + bytes, 1)
  return header
}
