import { type Board, band, under, wide } from '../builder/dashboard.ts'
import { alertList } from '../builder/kinds.ts'
import {
  books,
  builds,
  days,
  late,
  marksByAge,
  rejectedRecently,
  unclassified,
} from './pipeline-ledger.ts'
import { connections, deadRows, disks, longest, pools, tableSizes } from './pipeline-postgres.ts'
import { cpu, eventLoop, garbage, memory } from './pipeline-processes.ts'
import {
  awaited,
  batchSteps,
  bytesInHand,
  deadLetters,
  handed,
  lag,
  latency,
  oddities,
  rejectedByRule,
  throughput,
  writeSteps,
} from './pipeline-stream.ts'
import { failedRuns, queueAge, schedules, slots } from './pipeline-temporal.ts'
import { vitals } from './pipeline-vitals.ts'

/** Pipeline health: is the platform well, and if not, which part is ill? */
export function pipeline(): Board {
  return {
    uid: 'upi-pipeline',
    title: 'Pipeline health',
    question: 'Is the platform well, and if not, which part is ill?',
    from: 'now-1h',
    refresh: '30s',
    bands: [
      band(4, ...vitals()),
      band(7, firing(), awaited()),
      under('Stream', band(8, lag(), throughput(), latency())),
      band(8, batchSteps(), writeSteps(), bytesInHand()),
      under('What comes in', band(9, rejectedByRule(), wide(16, rejectedRecently()))),
      band(8, handed(), oddities(), deadLetters()),
      band(7, late(), unclassified()),
      under('Figures and books', band(8, marksByAge(), wide(16, builds()))),
      band(9, days(), books()),
      under('Temporal', band(8, schedules(), failedRuns(), queueAge(), slots())),
      under('Postgres and disks', band(8, connections(), longest(), pools())),
      band(8, tableSizes(), deadRows(), disks()),
      under('Processes', band(8, eventLoop(), memory(), garbage(), cpu())),
    ],
  }
}

function firing() {
  return alertList({
    title: 'Alerts that fire',
    about:
      'What Grafana watches and finds wrong now, each leading to its rule, which names the page that says what to do.',
    empty: 'No alert fires',
  })
}
