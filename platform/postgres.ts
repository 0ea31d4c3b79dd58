import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { UpiError } from '../core/errors.ts'
import type { Config } from './config.ts'
import type { Database } from './database.ts'
import { refusePlaintext } from './transport.ts'

// A day is text: as a Date it would be midnight in the zone of this process.
const DATE_OID = 1082
pg.types.setTypeParser(DATE_OID, (text) => text)

const CONNECT_TIMEOUT_MS = 5_000

/** Makes a pool for one role. Money (numeric) and counts (int8) stay text until a reader says what they are. */
export function createPool(
  config: Config,
  url: string,
  options: { max: number; name: string },
): pg.Pool {
  requireTransport(config, url)
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    application_name: `upi-${options.name}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  // A connection that the server drops fails the query in hand or the next one; without listeners, on idle ones and on
  // those that are checked out, it would end the process instead.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Refuses a URL that would reach a server beyond loopback without TLS. */
export function requireTransport(config: Config, url: string): void {
  const { hostname, searchParams } = parseUrl(url)
  if (!usesTls(searchParams)) refusePlaintext(config, 'Postgres', hostname)
}

/** A typed query builder over a pool. */
export function createDatabase(pool: pg.Pool): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
}

/** Turns what pg throws when the server is away into the error that says so; others pass. */
export function postgresFault(cause: unknown, address: string): unknown {
  return isOutage(cause)
    ? new UpiError('POSTGRES_UNAVAILABLE', `Postgres at ${address}: ${(cause as Error).message}`, {
        fix: 'see ./upi status, or check DATABASE_URL',
        cause,
      })
    : cause
}

/** Whether an error means that the server is away or going away, so that the same call may work later. */
export function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code === 'string') {
    if (/^(08|57P0|53)/.test(code)) return true
    if (/^E(CONN|PIPE|HOST|NET|TIMEDOUT|AI_AGAIN)/.test(code) || code === 'ENOTFOUND') return true
  }
  const message = error instanceof Error ? error.message : ''
  return /Connection terminated|timeout exceeded when trying to connect|not queryable/.test(message)
}

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

function usesTls(parameters: URLSearchParams): boolean {
  return ['require', 'verify-ca', 'verify-full'].includes(parameters.get('sslmode') ?? '')
}
