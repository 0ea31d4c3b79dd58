import {
  CLOSE_OVERDUE_SECONDS_MAX,
  DAILY_AGE_SECONDS_MAX,
  MARTS_AGE_SECONDS_MAX,
} from '../../core/alert-bounds.ts'
import type { AlertGroup } from './alert.ts'

/** Whether the figures are fresh, closed and right. */
export const MODEL_ALERTS: AlertGroup = {
  name: 'models',
  alerts: [
    {
      name: 'MartsOld',
      expr: `max(upi_models_oldest_mark_age_seconds) > ${MARTS_AGE_SECONDS_MAX} or max(upi_models_discovery_age_seconds) > ${MARTS_AGE_SECONDS_MAX}`,
      for: '1m',
      severity: 'warning',
      summary: 'Figures are older than ten minutes.',
    },
    {
      name: 'DayNotClosed',
      expr: `max(upi_day_close_overdue_seconds) > ${CLOSE_OVERDUE_SECONDS_MAX}`,
      severity: 'critical',
      summary: 'A business day that has ended was not closed by 00:30 in India.',
    },
    {
      name: 'DayFailed',
      expr: 'max(upi_days_failed) > 0',
      severity: 'critical',
      summary: 'The build of a business day was refused: its figures are those of before.',
    },
    {
      name: 'BooksBroken',
      expr: 'max by (book) (upi_books{state="broken"}) == 1',
      severity: 'critical',
      summary: 'The book {{ $labels.book }} does not balance.',
    },
    {
      name: 'ReconcileLate',
      expr: `max(upi_reconcile_age_seconds) > ${DAILY_AGE_SECONDS_MAX}`,
      severity: 'warning',
      summary: 'The books were not looked at for 26 hours.',
    },
  ],
}
