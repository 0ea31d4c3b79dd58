import { expect, test } from 'vitest'
import type { LogBounds } from '../platform/topic-log.ts'
import { StreamMetrics } from './metrics.ts'
import { addScrapedMetrics } from './scraped-metrics.ts'

test('lag is never below nothing, and of a Kafka that is silent the last known', async () => {
  const metrics = new StreamMetrics({ version: '1', rules: '1-a' })
  const ends: [number, LogBounds][] = [
    [0, { start: 0n, end: 12n }],
    [1, { start: 0n, end: 5n }],
    [2, { start: 0n, end: 9n }],
  ]
  // As they are when more was written after the log was read; nobody here reads partition 2.
  const stored = new Map([
    [0, 5n],
    [1, 6n],
  ])
  let isSilent = false
  addScrapedMetrics(metrics, {
    worker: {
      standing: () => ({ assigned: 2, lost: 0, stored, awaited: new Set(['registry']) }),
      readiness: () => undefined,
    },
    hand: { bytes: 7 },
    pool: { totalCount: 3, idleCount: 1, waitingCount: 0, options: { max: 6 } },
    readLog: () => (isSilent ? new Promise(() => {}) : Promise.resolve(new Map(ends))),
    countLetters: () => Promise.reject(new Error('away')),
  })
  const scrape = async () => {
    const text = await metrics.registry.metrics()
    return text.match(/^upi_stream_(lag|awaited|bytes_in_hand|dead_letters_waiting|pool).*/gm)
  }
  const known = [
    'upi_stream_pool_connections{state="busy"} 2',
    'upi_stream_pool_connections{state="idle"} 1',
    'upi_stream_pool_connections_max 6',
    'upi_stream_pool_waiting_requests 0',
    'upi_stream_lag_messages{partition="0"} 7',
    'upi_stream_lag_messages{partition="1"} 0',
    'upi_stream_bytes_in_hand 7',
    'upi_stream_awaited{outside="postgres"} 0',
  ]
  const [kafka, others] = [
    'upi_stream_awaited{outside="kafka"}',
    ['upi_stream_awaited{outside="registry"} 1'],
  ]
  expect(await scrape()).toEqual([...known, `${kafka} 0`, ...others])
  isSilent = true
  expect(await scrape()).toEqual([...known, `${kafka} 1`, ...others])
})
