import { TRANSACTION_SECONDS_MAX, VIEWER_QUERY_SECONDS_MAX } from '../../core/alert-bounds.ts'
import { formatSpan } from '../output.ts'
import type { Fault } from './look.ts'

/** For how long the sessions of a role have been at what they are at. */
export interface LongestSession {
  readonly role: string
  readonly query_seconds: number
  readonly transaction_seconds: number
}

/** Of this database: of all that are on the server ./upi status tells. */
export const LONGEST_SESSIONS = `
  select usename as role,
    coalesce(max(extract(epoch from now() - query_start)) filter (where state = 'active'), 0)::float8 as query_seconds,
    coalesce(max(extract(epoch from now() - xact_start)), 0)::float8 as transaction_seconds
  from pg_stat_activity
  where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
  group by usename order by usename`

const VIEWERS = ['upi_report', 'upi_api']

/** What hinders others: whoever looks at figures for long, and whoever leaves a transaction open. */
export function sessionFaults(sessions: readonly LongestSession[]): Fault[] {
  return sessions.flatMap(({ role, query_seconds: query, transaction_seconds: transaction }) => [
    ...(VIEWERS.includes(role) && query > VIEWER_QUERY_SECONDS_MAX
      ? [fault(`a query of ${role} has run for`, query, 'query-slow')]
      : []),
    ...(transaction > TRANSACTION_SECONDS_MAX
      ? [fault(`a transaction of ${role} is open for`, transaction, 'transaction-long')]
      : []),
  ])
}

function fault(what: string, seconds: number, page: string): Fault {
  return { text: `${what} ${formatSpan(seconds * 1000)}`, fix: `docs/runbooks/${page}.md` }
}
