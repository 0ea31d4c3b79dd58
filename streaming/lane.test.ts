import { expect, test, vi } from 'vitest'
import { UpiError } from '../core/errors.ts'
import { createLogger } from '../platform/telemetry.ts'
import { FakeSink } from '../test/fixtures/fake-sink.ts'
import { aRecord, RULES } from '../test/fixtures/records.ts'
import { Lane } from './lane.ts'
import type { Stretch } from './slices.ts'
import { Turns } from './turns.ts'

const log = createLogger({ process: 'test', level: 'fatal', pretty: false })

function stretch(from: number): Stretch {
  const record = { ...aRecord('{}'), offset: String(from) }
  const [latestMs, records] = [record.timestampMs, [record]]
  return { from: BigInt(from), next: BigInt(from) + 1n, records, latestMs }
}

test('what is prepared while Postgres is away does not say that it is back', async () => {
  const sink = new FakeSink()
  const away = new UpiError('POSTGRES_UNAVAILABLE', 'away')
  sink.faults.write.push(...Array(20).fill(away))
  const lane = new Lane(0, {
    sink,
    rules: RULES,
    loadSchema: async () => ({ type: 'UNKNOWN' }),
    log,
    batches: new Turns(4),
    onWritten: () => {},
    onRetry: () => {},
    onStale: () => {},
    onFatal: (fault) => expect.fail(String(fault)),
  })
  lane.begin({ epoch: 0, offset: 0n })
  await lane.take(stretch(0))
  await vi.waitFor(() => expect(lane.awaited).toEqual(['postgres']))
  await lane.take(stretch(1))
  await vi.waitFor(() => expect(sink.of('prepare', 0)).toEqual(['0-1', '1-2']))
  expect(lane.awaited).toEqual(['postgres'])
  sink.faults.write.length = 0
  await vi.waitFor(() => expect(sink.of('written', 0)).toEqual(['0-1', '1-2']))
  expect(lane.awaited).toEqual([])
  await lane.settled()
})
