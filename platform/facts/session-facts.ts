import { LOGIN_ROLES, OWNER_ROLE } from '../../migrations/roles.ts'
import { type Ask, askOne, by, type FactReader, type Samples } from './fact-reader.ts'

/** Who is connected to Postgres and how long the longest statements take; never what they say. */
export function sessionFacts(ask: Ask): FactReader {
  return {
    fact: 'sessions',
    async read() {
      const rows = await ask<SessionRow>('select * from ops.count_sessions()')
      const { max } = await askOne<{ max: number }>(ask, CONNECTIONS_MAX)
      return {
        upi_postgres_connections: STATES.map((state) => [sessionsIn(rows, state), { state }]),
        upi_postgres_connections_max: [[max]],
        upi_postgres_longest_query_seconds: longest(rows, (row) => row.longest_query_seconds),
        upi_postgres_longest_transaction_seconds: longest(
          rows,
          (row) => row.longest_transaction_seconds,
        ),
      }
    },
  }
}

interface SessionRow {
  readonly role: string
  readonly state: string
  readonly sessions: string
  readonly longest_query_seconds: number | null
  readonly longest_transaction_seconds: number | null
}

const STATES = ['active', 'idle', 'idle in transaction', 'other']
const ROLES = [OWNER_ROLE, ...LOGIN_ROLES, 'other']

function sessionsIn(rows: readonly SessionRow[], state: string): number {
  const sessions = rows.filter((row) => row.state === state).map((row) => Number(row.sessions))
  return sessions.reduce((sum, each) => sum + each, 0)
}

function longest(
  rows: readonly SessionRow[],
  secondsOf: (row: SessionRow) => number | null,
): Samples {
  // Of sessions in a state that is not shown nobody knows how long they are at it.
  const shown = ROLES.filter((role) => !rows.some((row) => row.role === role && isHidden(row)))
  const secondsBy = (role: string) => {
    const seconds = rows.filter((row) => row.role === role).map((row) => secondsOf(row) ?? 0)
    return Math.max(0, ...seconds)
  }
  return by(shown, 'role', String, secondsBy)
}

function isHidden({ state }: SessionRow): boolean {
  return state === 'other'
}

const CONNECTIONS_MAX = `
  select current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer
    - current_setting('reserved_connections')::integer as max`
