import { setImmediate } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { UpiError } from '../core/errors.ts'
import { createLogger } from '../platform/telemetry.ts'
import { FakeSink } from '../test/fixtures/fake-sink.ts'
import { aRecord, RULES } from '../test/fixtures/records.ts'
import { Lane, type LaneDeps } from './lane.ts'
import type { Stretch } from './slices.ts'
import { Turns } from './turns.ts'

const log = createLogger({ process: 'test', level: 'fatal', pretty: false })

function stretch(from: number, value: string | Buffer = '{}'): Stretch {
  const record = { ...aRecord(value), offset: String(from) }
  const [latestMs, records] = [record.timestampMs, [record]]
  return { from: BigInt(from), next: BigInt(from) + 1n, records, latestMs }
}

function aLane(sink: FakeSink, over: Partial<LaneDeps> = {}): Lane {
  return new Lane(0, {
    sink,
    rules: RULES,
    loadSchema: async () => ({ type: 'UNKNOWN' }),
    log,
    batches: new Turns(4),
    onWritten: () => {},
    onRetry: () => {},
    onStale: () => {},
    onFatal: (fault) => expect.fail(String(fault)),
    ...over,
  })
}

test('what is prepared while Postgres is away does not say that it is back', async () => {
  const sink = new FakeSink()
  const away = new UpiError('POSTGRES_UNAVAILABLE', 'away')
  sink.faults.write.push(...Array(20).fill(away))
  const lane = aLane(sink)
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

test('dropped while it gives back what it has fetched, it takes what it is given when it begins again', async () => {
  const sink = new FakeSink()
  const loadSchema = vi.fn<LaneDeps['loadSchema']>(async () => {
    throw new UpiError('REGISTRY_UNAVAILABLE', 'away')
  })
  const lane = aLane(sink, { loadSchema })
  lane.begin({ epoch: 0, offset: 0n })
  sink.hold(0)
  await lane.take(stretch(0))
  await lane.take(stretch(1, FRAMED))
  await vi.waitFor(() => expect(loadSchema).toHaveBeenCalled())
  // Now it waits for what is being written.
  await setImmediate()
  lane.drop()
  sink.letGo(0)
  await lane.settled()
  lane.begin({ epoch: 0, offset: 1n })
  await lane.take(stretch(1))
  await vi.waitFor(() => expect(sink.of('written', 0)).toEqual(['0-1', '1-2']))
})

// Of a schema that the registry must tell.
const FRAMED = Buffer.from([0, 0, 0, 0, 9, 2])
