import { beforeEach, expect, test, vi } from 'vitest'
import { UpiError } from '../core/errors.ts'
import { AWAY_MS_MAX } from '../core/limits.ts'
import { Silence } from './silence.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  return () => vi.useRealTimers()
})

/** Asks something that fails after so long. */
async function ask(silence: Silence, code: 'KAFKA_UNAVAILABLE' | 'TOPIC_DRIFT', ms: number) {
  const answer = Promise.withResolvers<never>()
  const asked = silence.note(answer.promise)
  vi.advanceTimersByTime(ms)
  answer.reject(new UpiError(code, 'no'))
  await expect(asked).rejects.toThrow('no')
}

test('who does not answer is told when a restart should be over, from the first question on', async () => {
  const silence = new Silence()
  await ask(silence, 'KAFKA_UNAVAILABLE', 1_000)
  vi.advanceTimersByTime(3_000)
  await ask(silence, 'KAFKA_UNAVAILABLE', 1_000)
  expect(silence.away).toEqual([])
  vi.advanceTimersByTime(AWAY_MS_MAX - 5_000)
  expect(silence.away).toEqual(['kafka'])
  await silence.note(Promise.resolve())
  expect(silence.away).toEqual([])
  await ask(silence, 'KAFKA_UNAVAILABLE', AWAY_MS_MAX)
  expect(silence.away).toEqual(['kafka'])
})

test('a refusal is an answer', async () => {
  const silence = new Silence()
  await ask(silence, 'KAFKA_UNAVAILABLE', AWAY_MS_MAX)
  await ask(silence, 'TOPIC_DRIFT', 1)
  expect(silence.away).toEqual([])
})
