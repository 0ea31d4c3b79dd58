import { expect, test } from 'vitest'
import type { Told } from '../../platform/facts/fact-reader.ts'
import { statusLines } from './lines.ts'
import type { FactSource, Readings } from './sources.ts'

const SCHEDULE = {
  id: 'backup',
  about: 'Takes a backup.',
  state: 'active' as const,
  note: '',
  next: [new Date('2026-02-01T21:00:00Z')],
  last: [{ dueAt: new Date('2026-01-31T21:00:00Z'), outcome: 'completed' }],
  missed: 0,
}
const STREAM = { lag: 0, partitions: [], last_batch_age_seconds: 1 }
// One that stands still while others go on: the last batch of all of them is a second old.
const STILL = { partition: 2, next_offset: 9, log_end: 10, lag: 1, lost: null, age_seconds: 90 }
const LOST = {
  partition: 1,
  next_offset: 9,
  log_end: 4,
  lag: null,
  lost: 'another log',
  age_seconds: 1,
}
const PROCESS = { unready: null, retries: 0, awaited: [], partitions: 3 }
const CLOSES = { days: [], last_closed_at: null }

// One line each: its name, what was told, and how it is judged.
test.each<[string, Omit<Readings, 'facts'> | Partial<Record<FactSource, Told>>, string, string]>([
  ['stream', { process: { value: PROCESS } }, 'ok', 'reads 3 partitions'],
  [
    'stream',
    { process: { value: { ...PROCESS, unready: 'Postgres is away' } } },
    'act',
    'Postgres is away',
  ],
  [
    'stream',
    { process: { value: { ...PROCESS, awaited: ['registry'] } } },
    'act',
    'waits for registry',
  ],
  ['lag', { stream: { value: { ...STREAM, lag: 1_001 } } }, 'look', '1001'],
  [
    'lag',
    { stream: { value: { ...STREAM, lag: 1, partitions: [STILL] } } },
    'act',
    'nothing written for 90.0 s in 2',
  ],
  [
    'lag',
    { stream: { value: { ...STREAM, lag: 1, partitions: [{ ...STILL, lag: 0 }] } } },
    'ok',
    '(2: 0)',
  ],
  ['lag', { stream: { value: { ...STREAM, partitions: [LOST] } } }, 'act', '0 (1: lost)'],
  [
    'lag',
    { stream: { away: { who: 'Kafka', reason: 'is gone', fix: 'look', silence: 'away' } } },
    'act',
    'is gone',
  ],
  [
    'lag',
    { stream: { away: { who: 'Postgres', reason: 'is gone', silence: 'away' } } },
    'look',
    'Postgres is away',
  ],
  [
    'rate',
    { pace: { value: { messages_last_minute: 120, rejected_last_minute: 1 } } },
    'ok',
    '2.0 a second; 1 rejected',
  ],
  [
    'rate',
    { pace: { value: { messages_last_minute: 1_200, rejected_last_minute: 13 } } },
    'look',
    '20.0 a second',
  ],
  [
    'rate',
    { pace: { value: { messages_last_minute: 60, rejected_last_minute: 60 } } },
    'look',
    '60 rejected',
  ],
  [
    'letters',
    { letters: { upi_dead_letters: [[1_001, { state: 'unrelayed' }]] } },
    'look',
    '1001 not relayed yet',
  ],
  [
    'letters',
    { letters: { upi_dead_letters: [[2, { state: 'open' }]] } },
    'look',
    '2 dead letters',
  ],
  ['days', { days: { upi_days_failed: [[1]], upi_days_open: [[2]] } }, 'act', '2 open, 1 failed'],
  ['days', { days: { upi_day_close_overdue_seconds: [[1_801]] } }, 'act', 'overdue by 30 min'],
  [
    'figures',
    { models: { upi_models_oldest_mark_age_seconds: [[601, { model: 'daily' }]] } },
    'look',
    'daily 10 min',
  ],
  [
    'figures',
    { models: { upi_models_discovery_age_seconds: [[601]] } },
    'look',
    'unseen for 10 min',
  ],
  [
    'books',
    { books: { upi_books: [[1, { book: 'fold', state: 'broken' }]] } },
    'act',
    'broken: fold',
  ],
  [
    'books',
    { books: { upi_reconcile_age_seconds: [[27 * 3_600]] } },
    'look',
    'never looked at, for 27 h',
  ],
  ['schedule', { schedules: { value: [SCHEDULE] } }, 'ok', 'next 02-02 02:30'],
  [
    'schedule',
    { schedules: { value: [{ ...SCHEDULE, state: 'paused', note: 'moving house' }] } },
    'look',
    'paused (moving house)',
  ],
  [
    'schedule',
    {
      schedules: { value: [{ ...SCHEDULE, id: 'retention', state: 'paused', note: 'paused yet' }] },
    },
    'ok',
    'retention paused yet',
  ],
  [
    'schedule',
    { schedules: { value: [{ ...SCHEDULE, state: 'missing' }] } },
    'act',
    './upi schedules apply',
  ],
  [
    'schedules',
    { schedules: { away: { who: 'Temporal', reason: 'is gone', silence: 'away' } } },
    'act',
    'is gone',
  ],
  ['backup', { backups: { upi_backup_age_seconds: [[27 * 3_600]] } }, 'look', '27 h'],
  [
    'postgres',
    {
      sessions: {
        upi_postgres_connections: [[81, { state: 'idle' }]],
        upi_postgres_connections_max: [[100]],
      },
    },
    'look',
    '81 of 100 connections',
  ],
  [
    'statements',
    { sessions: { upi_postgres_longest_query_seconds: [[2, { role: 'upi_report' }]] } },
    'look',
    'longest 2.0 s (upi_report)',
  ],
  [
    'disk',
    {
      disk: {
        upi_disk_free_bytes: [[9, { folder: 'home' }]],
        upi_disk_size_bytes: [[100, { folder: 'home' }]],
      },
    },
    'act',
    '9 % (home)',
  ],
])('%s: %j is %s', (name, told, state, text) => {
  const line = statusLines(readingsOf(told)).find((each) => each.name === name)
  expect(line).toMatchObject({ state, text: expect.stringContaining(text) })
  expect(line?.more).toMatch(/^\.\/upi /)
})

function readingsOf(told: Omit<Readings, 'facts'> | Partial<Record<FactSource, Told>>): Readings {
  const isAsked = Object.keys(told).some((name) =>
    ['process', 'stream', 'pace', 'schedules'].includes(name),
  )
  if (isAsked) return { ...(told as Omit<Readings, 'facts'>), facts: {} }
  const facts = Object.entries(told).map(([name, value]) => [name, { value: value as Told }])
  return { closes: { value: CLOSES }, facts: Object.fromEntries(facts) }
}
