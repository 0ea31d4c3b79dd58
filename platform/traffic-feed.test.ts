import { expect, test } from 'vitest'
import { createTraffic, type TrafficMessage } from '../core/traffic/traffic.ts'
import { feedRange } from './traffic-feed.ts'

const RANGE = { seed: 'feed', from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 2), count: 7_000 }

test('a range arrives whole and in order, in portions', async () => {
  const arrived: TrafficMessage[] = []
  const portions: number[] = []
  const outlet = async (messages: readonly TrafficMessage[]) => {
    arrived.push(...messages)
    portions.push(messages.length)
  }
  let begun = 0
  const onPortion = (transactions: number) => {
    begun = transactions
  }
  await feedRange(createTraffic(RANGE), { outlet, signal: new AbortController().signal, onPortion })
  const keys = Array.from(createTraffic(RANGE), (message) => message.key)
  expect(arrived.map((message) => message.key)).toEqual(keys)
  expect(begun).toBe(RANGE.count)
  expect(Math.max(...portions)).toBe(2_000)
})

test('when it is asked to stop, what is underway arrives and nothing more is made', async () => {
  const stop = new AbortController()
  let [taken, arrived] = [0, 0]
  const outlet = async (messages: readonly TrafficMessage[]) => {
    taken += messages.length
    if (taken >= 4_000) stop.abort()
    await new Promise(setImmediate)
    arrived += messages.length
  }
  await feedRange(createTraffic(RANGE), { outlet, signal: stop.signal, onPortion: () => {} })
  expect([taken, arrived]).toEqual([4_000, 4_000])
})

test('an outlet that fails ends the feed with its fault', async () => {
  const outlet = () => Promise.reject(new Error('no room'))
  const { signal } = new AbortController()
  await expect(
    feedRange(createTraffic(RANGE), { outlet, signal, onPortion: () => {} }),
  ).rejects.toThrow('no room')
})
