import { OPEN_LETTERS_COUNTED_MAX } from '../../core/limits.ts'
import { type Ask, askOne, by, type FactReader } from './fact-reader.ts'

/** How many dead letters and alerts wait for somebody. */
export function letterFacts(ask: Ask): FactReader {
  return {
    fact: 'letters',
    async read() {
      const { open, unrelayed } = await askOne<{ open: number; unrelayed: number }>(ask, LETTERS)
      const alerts = await ask<{ severity: string; alerts: number }>(ALERTS)
      return {
        upi_dead_letters: [
          [open, { state: 'open' }],
          [unrelayed, { state: 'unrelayed' }],
        ],
        upi_alerts_open: by(
          alerts,
          'severity',
          ({ severity }) => severity,
          (row) => row.alerts,
        ),
      }
    },
  }
}

const counted = (where: string) => `(
    select count(*)::integer from (
      select from ops.rejected_messages where ${where} limit ${OPEN_LETTERS_COUNTED_MAX}
    ) as counted
  )`

const LETTERS = `select ${counted('resolution is null')} as open, ${counted('relayed_at is null')} as unrelayed`

const ALERTS = `
  select severity, (
      select count(*)::integer from public.upi_alerts as a
      where a.severity = s.severity and a.acknowledged_at is null and a.state <> 'withdrawn'
    ) as alerts
  from unnest(array['info', 'warning', 'critical']) as s (severity)`
