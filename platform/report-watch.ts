import type { Pool } from 'pg'
import { REPORT_LOOK_MS, REPORT_SECONDS_MAX } from '../core/limits.ts'
import type { Logger } from './telemetry.ts'

/**
 * Ends sessions of the reporting role that last too long: Grafana lets each viewer send any statement, also one that
 * lifts the limits of its session. Returns what ends the watch, once no look is under way.
 */
export function watchReports(pool: Pool, log: Logger): () => Promise<void> {
  let looking = Promise.resolve()
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    looking = look(pool, log).finally(() => {
      isLooking = false
    })
  }, REPORT_LOOK_MS)
  return async () => {
    clearInterval(timer)
    await looking
  }
}

async function look(pool: Pool, log: Logger): Promise<void> {
  try {
    const ended = await endLongReports(pool, REPORT_SECONDS_MAX)
    if (ended > 0) log.warn({ ended, seconds: REPORT_SECONDS_MAX }, 'reports ended: too long')
  } catch (err) {
    // The server is away, which those say that need it more.
    log.debug({ err }, 'cannot look for long reports')
  }
}

/** Ends the sessions of the reporting role whose transaction is older; returns how many there were. */
export async function endLongReports(pool: Pool, seconds: number): Promise<number> {
  const { rows } = await pool.query<{ ended: string }>(
    'select ops.end_long_reports(make_interval(secs => $1)) as ended',
    [seconds],
  )
  return Number(rows[0]?.ended ?? 0)
}
