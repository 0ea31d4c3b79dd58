import { stat } from '../builder/kinds.ts'
import type { Common, Panel } from '../builder/panel.ts'
import { prom } from '../builder/query.ts'

/** The figures of which each is enough to know that something is wrong. */
export function vitals(): readonly Panel[] {
  return [
    ready(),
    vital('sum(upi_stream_lag_messages)', {
      title: 'Messages behind',
      about: 'Messages in Kafka that are not yet in Postgres, over all partitions.',
      unit: 'count',
      steps: ['green', [1_000, 'orange'], [100_000, 'red']],
    }),
    vital('max(upi_models_oldest_mark_age_seconds)', {
      title: 'Figures behind',
      about: 'How long the oldest change that a mart does not show yet has waited.',
      unit: 'seconds',
      steps: ['green', [300, 'orange'], [600, 'red']],
    }),
    vital('max(upi_day_close_overdue_seconds)', {
      title: 'Day not closed',
      about:
        'Time since midnight in India for which an ended day of the last week has waited to be closed; 0 if none does.',
      unit: 'seconds',
      steps: ['green', [900, 'orange'], [1_800, 'red']],
    }),
    vital('sum(upi_books{state="broken"})', {
      title: 'Books out of balance',
      about: 'Books that the last reconciliation found broken.',
      unit: 'count',
      steps: ['green', [1, 'red']],
    }),
    vital('max(upi_dead_letters{state="open"})', {
      title: 'Open dead letters',
      about: 'Rejected messages that were neither replayed nor discarded.',
      unit: 'count',
    }),
    vital('max(upi_backup_age_seconds)', {
      title: 'Last backup',
      about: 'Time since the newest whole backup was begun.',
      unit: 'seconds',
      empty: 'Backups are not set up, or the worker is down',
      steps: ['green', [100_000, 'orange'], [180_000, 'red']],
    }),
    vital('count(upi_facts_up) - sum(upi_facts_up)', {
      title: 'Facts not read',
      about: 'Sources of facts that the worker could not read, whose panels are therefore empty.',
      unit: 'count',
      steps: ['green', [1, 'red']],
    }),
  ]
}

const NOT_TOLD = 'Not told: is Prometheus up, and the process that tells it?'

type Vital = Omit<Common, 'queries' | 'empty'> & { readonly empty?: string }

function vital(expr: string, given: Vital): Panel {
  const queries = [prom(expr, given.title.toLowerCase())] as const
  return stat({ empty: NOT_TOLD, decimals: 0, hasGraph: true, ...given, queries })
}

function ready(): Panel {
  const names = { 0: { text: 'not ready', color: 'red' }, 1: { text: 'ready', color: 'green' } }
  return stat({
    title: 'Stream',
    about: 'Whether every worker of the stream reads all that is its own.',
    unit: 'text',
    empty: NOT_TOLD,
    fields: { stream: { names } },
    queries: [prom('min(upi_stream_ready)', 'stream')],
  })
}
