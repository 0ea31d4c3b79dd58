import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import pg, { type ClientConfig, type Connection } from 'pg'
import { UpiError } from '../../core/errors.ts'
import type { Config } from '../config.ts'
import { addressOf, isOutage, postgresFault, secureUrl } from '../postgres.ts'

/** What the server says of the base backup that it has sent. */
export interface ServerFacts {
  readonly server_version: string
  readonly system_id: string
  readonly timeline: number
  readonly start_lsn: string
  readonly stop_lsn: string
  /** Whether the server's pages carry checksums; then each was checked while it was read. */
  readonly checksums: boolean
}

export interface Receiving {
  readonly config: Config
  readonly url: string
  readonly label: string
  readonly signal: AbortSignal
  /** Takes the next part: an archive by its name, such as base.tar, or the manifest. */
  readonly open: (name: string) => Writable
  /** The server's estimate of what is to come; it counts a tablespace at a time. */
  readonly onSize: (bytes: number) => void
  readonly onBytes: (bytes: number) => void
}

/** The part that says what files there are, with the size and the SHA-256 of each. */
export const MANIFEST = 'backup_manifest'

/**
 * Has the server send its whole cluster while it works on: Postgres' own BASE_BACKUP, on an ordinary connection to a
 * database, so that a role with REPLICATION and no other right is enough, wherever the server is. A slot that lasts as
 * long as the connection keeps the WAL between start and end, which the server sends last.
 */
export async function receiveBackup(receiving: Receiving): Promise<ServerFacts> {
  const { config, url, signal } = receiving
  const client = new pg.Client({
    connectionString: secureUrl(config, url),
    application_name: 'upi-backup',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    replication: 'database',
  } as ClientConfig)
  client.on('error', () => {})
  // With a statement under way this cuts the connection, and the server gives the backup up.
  const stop = () => void client.end().catch(() => {})
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    await client.connect()
    return await ask(client, receiving)
  } catch (fault) {
    signal.throwIfAborted()
    throw backupFault(fault, addressOf(url))
  } finally {
    signal.removeEventListener('abort', stop)
    await client.end().catch(() => {})
  }
}

const CONNECT_TIMEOUT_MS = 5_000

async function ask(client: pg.Client, receiving: Receiving): Promise<ServerFacts> {
  const { rows: systems } = await client.query<{ systemid: string }>('IDENTIFY_SYSTEM')
  const { rows: versions } = await client.query<{ server_version: string }>('show server_version')
  const { rows: checks } = await client.query<{ data_checksums: string }>('show data_checksums')
  const slot = `upi_backup_${process.pid}_${Date.now()}`
  await client.query(`CREATE_REPLICATION_SLOT "${slot}" TEMPORARY PHYSICAL (RESERVE_WAL)`)
  const options = [
    `LABEL ${client.escapeLiteral(receiving.label)}`,
    "CHECKPOINT 'fast'",
    'PROGRESS',
    'WAL',
    "MANIFEST 'yes'",
    "MANIFEST_CHECKSUMS 'SHA256'",
  ]
  const [start, end] = await new Promise<Place[]>((resolve, reject) => {
    const done = (fault: Error | null, places: Place[] = []) =>
      fault === null ? resolve(places) : reject(fault)
    client.query(new BaseBackup(`BASE_BACKUP (${options.join(', ')})`, receiving, done))
  })
  if (start === undefined || end === undefined) throw new UpiError('BUG', 'a backup has no end')
  return {
    server_version: versions[0]?.server_version ?? '',
    system_id: systems[0]?.systemid ?? '',
    timeline: Number(end.tli),
    start_lsn: start.recptr,
    stop_lsn: end.recptr,
    checksums: checks[0]?.data_checksums === 'on',
  }
}

interface Place {
  readonly recptr: string
  readonly tli: string
}

type Done = (fault: Error | null, places?: Place[]) => void
type Results = readonly { readonly rows: readonly Record<string, string | null>[] }[]

// A kind of Query, since pg has none that gives the rows before and after a COPY as well as its data.
class BaseBackup extends pg.Query {
  readonly #receiving: Receiving
  #part: Writable | undefined
  #isWaiting = false

  constructor(text: string, receiving: Receiving, done: Done) {
    super(text, undefined)
    this.#receiving = receiving
    const callback = (fault: Error | null, results?: Results) => {
      this.#part?.end()
      if (fault !== null) return done(fault)
      const rows = (results ?? []).flatMap((result) => result.rows)
      done(null, rows.filter((row) => 'recptr' in row) as unknown as Place[])
    }
    Object.assign(this, { callback })
  }

  handleCopyData({ chunk }: { chunk: Buffer }, connection: Connection): void {
    const kind = String.fromCharCode(chunk[0] ?? 0)
    if (kind === 'd') this.#write(chunk.subarray(1), connection.stream as Socket)
    else if (kind === 'n') this.#open(nameOf(chunk))
    else if (kind === 'm') this.#open(MANIFEST)
  }

  handleDataRow(message: Row): void {
    BASE.handleDataRow.call(this, message)
    // Before the archives: oid, place and size in KiB of each tablespace.
    if (message.fields.length === 3) this.#receiving.onSize(Number(message.fields[2]) * 1024)
  }

  #open(name: string): void {
    this.#part?.end()
    this.#part = this.#receiving.open(name)
  }

  #write(data: Buffer, socket: Socket): void {
    const part = this.#part
    if (part === undefined || part.destroyed) return
    this.#receiving.onBytes(data.length)
    // A copy: pg reads the next messages into the same memory.
    if (part.write(Buffer.from(data)) || this.#isWaiting) return
    this.#isWaiting = true
    socket.pause()
    const resume = () => {
      this.#isWaiting = false
      socket.resume()
      part.off('drain', resume).off('close', resume)
    }
    part.once('drain', resume).once('close', resume)
  }
}

interface Row {
  readonly fields: readonly (string | null)[]
}

// What pg calls for each row; its types leave it out.
const BASE = pg.Query.prototype as unknown as { handleDataRow(message: Row): void }

function nameOf(chunk: Buffer): string {
  return chunk.toString('utf8', 1, chunk.indexOf(0, 1))
}

const FORBIDDEN = '42501'

function backupFault(fault: unknown, address: string): unknown {
  const known = isOutage(fault) ? postgresFault(fault, address) : fault
  if (known instanceof UpiError) return known
  const { code, message = '' } = fault as { code?: string; message?: string }
  // A file of its data that the server may not open has the same code.
  if (code === FORBIDDEN && !message.startsWith('could not ')) {
    return new UpiError('POSTGRES_RIGHTS', `Postgres at ${address}: ${message}`, {
      fix: 'run ./upi migrate as a superuser, or: alter role upi_backup replication',
      cause: fault,
    })
  }
  const refusal = postgresFault(fault, address)
  if (refusal instanceof UpiError || typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) {
    return refusal
  }
  // Such as a page whose checksum is wrong, a file that cannot be read, wal_level = minimal.
  return new UpiError('BACKUP_FAILED', `Postgres at ${address} gives no backup: ${message}`, {
    fix: 'see to it on the server; its log says more',
    cause: fault,
  })
}
