import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import type { PoolClient } from 'pg'
import { copyIn } from '../../platform/copy-in.ts'
import type { OutgoingMessage } from '../../platform/producer.ts'

/** A message to be sent, and what must become of it. */
export interface Entry {
  readonly message: OutgoingMessage
  /** Of which transaction it must be accepted, and over how much; undefined: it must be rejected. */
  readonly accepted?: { readonly txnId: string; readonly paise: bigint }
}

// Of a SHA-256, in hexadecimal: enough to tell all messages apart.
const DIGEST_CHARS = 32

/** What is known by the same name in SQL. */
export const DIGEST_IN_SQL = `coalesce(left(encode(sha256(coalesce(
  raw.payload_bytes, convert_to(raw.payload, 'UTF8'))), 'hex'), ${DIGEST_CHARS}), 'null')`

/** The name of a value: messages of the same bytes are one and the same. */
export function digestOf(value: Buffer | string | null): string {
  if (value === null) return 'null'
  return createHash('sha256').update(value).digest('hex').slice(0, DIGEST_CHARS)
}

/** Writes down every message that was sent, in a file: whether Kafka has acknowledged it, or nobody knows. */
export class Ledger {
  readonly #path: string
  readonly #stream: WriteStream
  acknowledged = 0
  unknown = 0

  constructor(path: string) {
    this.#path = path
    this.#stream = createWriteStream(path)
  }

  note(entries: readonly Entry[], outcome: 'acknowledged' | 'unknown'): void {
    this[outcome] += entries.length
    const lines = entries.map(({ message, accepted }) => {
      const digest = digestOf(message.value)
      const expected = accepted === undefined ? '\\N\t\\N' : `${accepted.txnId}\t${accepted.paise}`
      return `${digest}\t${outcome === 'acknowledged'}\t${expected}\n`
    })
    this.#stream.write(lines.join(''))
  }

  /** Brings it into a temporary table of this connection, a row for each different message. */
  async load(client: PoolClient): Promise<void> {
    this.#stream.end()
    await once(this.#stream, 'close')
    await client.query(`create temp table sent (digest text, is_acknowledged boolean,
      txn_id text collate "C", paise bigint)`)
    for await (const lines of wholeLines(this.#path)) {
      await copyIn(client, 'copy sent from stdin', lines)
    }
    await client.query(`create temp table ledger as
      select digest, count(*) filter (where is_acknowledged) as acknowledged,
             count(*) filter (where not is_acknowledged) as unknown,
             min(txn_id) as txn_id, min(paise) as paise
        from sent group by digest`)
    await client.query('analyze ledger')
  }
}

const READ_BYTES = 4 * 1024 * 1024
const NEW_LINE = 10

async function* wholeLines(path: string): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const bytes = Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(NEW_LINE) + 1
    yield bytes.subarray(0, end)
    rest = bytes.subarray(end)
  }
}
