import { readFileSync } from 'node:fs'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { UpiError } from '../core/errors.ts'
import type { Config } from './config.ts'
import type { Database } from './database.ts'
import { hostOf, isTlsRefusal, lineOf, refusePlaintext } from './transport.ts'

// A day is text: as a Date it would be midnight in the zone of this process.
const DATE_OID = 1082
pg.types.setTypeParser(DATE_OID, (text) => text)

const CONNECT_TIMEOUT_MS = 5_000
const SESSION_SECONDS_MAX = 3_600

export interface PoolOptions {
  readonly max: number
  readonly name: string
  /** How long an answer may take before the server is given up. */
  readonly answerMsMax?: number
  /** The same of a connection, for whoever only looks. */
  readonly connectMsMax?: number
  /** Statements are sent without waiting for the answers of those before. */
  readonly isPipelined?: boolean
  /** What each session sets for itself. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Makes a pool for one role. Money (numeric) and counts (int8) stay text until a reader says what they are. */
export function createPool(config: Config, url: string, options: PoolOptions): pg.Pool {
  const settings = Object.entries(options.settings ?? {}).map(
    ([name, value]) => `-c ${name}=${value}`,
  )
  const pool = new pg.Pool({
    connectionString: secureUrl(config, url),
    max: options.max,
    application_name: `upi-${options.name}`,
    connectionTimeoutMillis: options.connectMsMax ?? CONNECT_TIMEOUT_MS,
    // A server that vanishes without a word is noticed all the same.
    keepAlive: true,
    // What a session keeps, such as plans for days, goes with it.
    maxLifetimeSeconds: SESSION_SECONDS_MAX,
    pipeline: options.isPipelined === true,
    ...(settings.length === 0 ? {} : { options: settings.join(' ') }),
    ...(options.answerMsMax === undefined ? {} : { query_timeout: options.answerMsMax }),
  })
  // A connection that the server drops fails the query in hand or the next one; without listeners, on idle ones and on
  // those that are checked out, it would end the process instead.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/**
 * The URL under which a server may be reached: without TLS none beyond loopback is, and with TLS, in whatever words,
 * its certificate is verified in full. pg does so today, but warns that a later version will take the words otherwise.
 */
export function secureUrl(config: Config, url: string): string {
  const parsed = parseUrl(url)
  const { searchParams } = parsed
  // Of a parameter that stands twice pg takes the last, and the host from here before that of the address.
  const mode = searchParams.getAll('sslmode').at(-1) ?? ''
  const host = searchParams.getAll('host').at(-1) ?? decodeURIComponent(hostOf(parsed.hostname))
  if (!VERIFIED_MODES.includes(mode)) refusePlaintext(config, 'Postgres', host)
  else searchParams.set('sslmode', 'verify-full')
  for (const name of CERTIFICATE_FILES) requireFile(name, searchParams.get(name))
  return parsed.href
}

/** Lends a connection; a transaction that is open when the work fails is rolled back. */
export async function withConnection<T>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let isBroken = false
  try {
    return await work(client)
  } catch (fault) {
    await client.query('rollback').catch(() => {
      isBroken = true
    })
    throw fault
  } finally {
    client.release(isBroken)
  }
}

/** A typed query builder over a pool. */
export function createDatabase(pool: pg.Pool): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
}

/** Turns what pg throws when the server is away or refuses us into the error that says so; others pass. */
export function postgresFault(cause: unknown, address: string): unknown {
  const at = `Postgres at ${address}`
  if (isRefusal(cause)) {
    return new UpiError('POSTGRES_REFUSED', `${at} refused: ${lineOf(cause)}`, {
      fix: 'check user, password, database and sslmode of its URL',
      cause,
    })
  }
  if (!isOutage(cause)) return cause
  return new UpiError('POSTGRES_UNAVAILABLE', `${at}: ${lineOf(cause)}`, {
    fix: outageFix(cause) ?? 'see ./upi status, or check DATABASE_URL',
    cause,
  })
}

/** Whether an error means that the server is away or going away, so that the same call may work later. */
export function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code === 'string') {
    if (/^(08|57P0|53)/.test(code) || AWAY_CODES.includes(code)) return true
    if (/^E(CONN|PIPE|HOST|NET|TIMEDOUT|AI_AGAIN)/.test(code) || code === 'ENOTFOUND') return true
  }
  // What Postgres says itself is told by its code: its words may be those of a value that it refuses.
  if (Object(error).severity !== undefined) return false
  const message = error instanceof Error ? error.message : ''
  return PASSING_MESSAGES.test(message)
}

/** What a person can do so that an outage passes, where Postgres tells; each day of a table takes a dozen locks. */
export function outageFix(error: unknown): string | undefined {
  const { code, hint = '' } = Object(error) as { code?: string; hint?: string }
  if (code !== OUT_OF_MEMORY || !hint.includes(LOCKS_SETTING)) return undefined
  return `raise ${LOCKS_SETTING} of Postgres, 1024 or more, and restart it`
}

const OUT_OF_MEMORY = '53200'
const LOCKS_SETTING = 'max_locks_per_transaction'

// Read-only after a failover, a transaction ended that was idle or took too long, a statement cancelled by an operator,
// an I/O error.
const AWAY_CODES = ['25006', '25P03', '25P04', '57014', '58030']

const PASSING_MESSAGES =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|not queryable|error establishing an SSL connection/

/** Host, port and database of a URL, without its password: what may be printed. */
export function addressOf(url: string): string {
  const { hostname, port, pathname } = parseUrl(url)
  return `${hostname}:${port || 5432}${pathname}`
}

function parseUrl(url: string): URL {
  if (URL.canParse(url)) return new URL(url)
  throw new UpiError(
    'CONFIG_INVALID',
    'a database URL is not of the form postgres://user:password@host:port/name',
  )
}

const VERIFIED_MODES: readonly string[] = ['prefer', 'require', 'verify-ca', 'verify-full']
const CERTIFICATE_FILES = ['sslrootcert', 'sslcert', 'sslkey'] as const

function requireFile(name: string, path: string | null): void {
  if (path === null) return
  try {
    if (readFileSync(path, 'utf8').includes('-----BEGIN ')) return
  } catch (cause) {
    throw new UpiError('CONFIG_INVALID', `${name} ${path} of a database URL cannot be read`, {
      cause,
    })
  }
  throw new UpiError('CONFIG_INVALID', `${name} ${path} of a database URL is not PEM`)
}

const NO_SUCH_DATABASE = '3D000'

// Class 28 is the login. What pg finds out by itself, a server without TLS or a wrong answer to SCRAM, has no code.
function isRefusal(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: string }
  if (typeof code === 'string' && (code.startsWith('28') || code === NO_SUCH_DATABASE)) return true
  return isTlsRefusal(error) || /^SASL: |does not support SSL connections/.test(message ?? '')
}
