import {
  DAILY_AGE_SECONDS_MAX,
  FAILED_RUN_SECONDS_MAX,
  REFRESH_AGE_SECONDS_MAX,
} from '../../core/alert-bounds.ts'
import { SCHEDULES } from '../../workflows/schedules.ts'
import type { AlertGroup } from './alert.ts'

// Those that are made paused wait for something, and for nobody on call.
const PAUSED = SCHEDULES.filter(({ pausedBecause }) => pausedBecause !== undefined)
const NOT_YET = `{schedule!~"${PAUSED.map(({ id }) => id).join('|')}"}`

/** Whether what is due is done. */
export const WORKFLOW_ALERTS: AlertGroup = {
  name: 'workflows',
  alerts: [
    {
      name: 'WorkerDown',
      expr: 'up{job="worker"} == 0 or absent(up{job="worker"})',
      for: '2m',
      severity: 'critical',
      summary:
        'The worker does not answer: no figures are built, no day is closed, and no facts are told.',
    },
    {
      name: 'ScheduleLate',
      // A refresh that is dropped because one runs is as it should be, and one may run for long after a model has changed;
      // figures that are old meanwhile are told by MartsOld. A day that is dropped is not. What was paused until now is
      // due at its next time, not at once.
      expr: [
        `max by (schedule) (upi_schedule_last_run_age_seconds{schedule="upi-refresh"}) > ${REFRESH_AGE_SECONDS_MAX} unless max by (schedule) (max_over_time(upi_schedule_paused[1h])) == 1`,
        `max by (schedule) (upi_schedule_last_run_age_seconds{schedule!="upi-refresh"}) > ${DAILY_AGE_SECONDS_MAX} unless max by (schedule) (max_over_time(upi_schedule_paused[26h])) == 1`,
        'max by (schedule) (increase(upi_schedule_missed_total{schedule!="upi-refresh"}[1h])) > 0',
      ].join(' or '),
      for: '5m',
      severity: 'critical',
      summary: 'The schedule {{ $labels.schedule }} has not started its work when it was due.',
    },
    {
      name: 'SchedulePaused',
      expr: `max by (schedule) (upi_schedule_paused${NOT_YET}) == 1`,
      for: '15m',
      severity: 'warning',
      summary: 'The schedule {{ $labels.schedule }} is paused, or Temporal does not have it.',
    },
    {
      name: 'WorkflowsFailed',
      expr: `min by (workflow) (upi_workflow_last_failure_age_seconds) < ${FAILED_RUN_SECONDS_MAX}`,
      severity: 'warning',
      summary: 'A run of {{ $labels.workflow }} has failed in the last half hour.',
    },
    {
      name: 'BackupOld',
      expr: `max(upi_backup_age_seconds) > ${DAILY_AGE_SECONDS_MAX}`,
      severity: 'warning',
      summary: 'The newest whole backup is older than 26 hours.',
    },
    {
      name: 'FactsUnreadable',
      expr: 'max by (fact) (upi_facts_up) == 0',
      for: '5m',
      severity: 'warning',
      summary: 'The worker cannot read {{ $labels.fact }}: alerts about them are silent.',
    },
  ],
}
