import { stat } from '../builder/kinds.ts'
import type { Common, Panel } from '../builder/panel.ts'
import { prom } from '../builder/query.ts'

/** The figures of which each is enough to know that something is wrong. */
export function vitals(): readonly Panel[] {
  return [
    processes(),
    vital('sum(upi_stream_lag_messages)', {
      title: 'Messages behind',
      about:
        'Messages in Kafka that are not yet in Postgres, over all partitions; while Kafka is silent, as many as there were.',
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
      about: 'Books that were found broken and have not been found right for the same days since.',
      unit: 'count',
      empty: 'Nothing was reconciled yet, or the worker is down',
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
      steps: ['green', [26 * 3600, 'orange'], [50 * 3600, 'red']],
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

function processes(): Panel {
  const silent = { text: 'no answer', color: 'red' }
  const stream = {
    '-1': silent,
    0: { text: 'stands still', color: 'red' },
    1: { text: 'reads', color: 'green' },
  }
  const worker = { '-1': silent, 1: { text: 'answers', color: 'green' } }
  return stat({
    title: 'Processes',
    about:
      'Whether every stream reads and waits for no server, and every worker answers; who does not answer leaves the panels empty that it fills.',
    unit: 'text',
    empty: 'Not told: is Prometheus up?',
    fields: { stream: { names: stream }, worker: { names: worker } },
    queries: [prom(STREAM_STATE, 'stream'), prom(WORKER_STATE, 'worker')],
  })
}

// -1 is no answer: what a process tells of itself ends with it, and an empty panel would say nothing of why.
const STREAM_STATE =
  'min(upi_stream_ready) * (1 - max(upi_stream_awaited)) unless min(up{job="stream"}) == 0 or vector(-1)'
const WORKER_STATE = 'min(up{job="worker"}) > 0 or vector(-1)'
