import { expect, test } from 'vitest'
import { FAULT_KINDS, planFaults } from './schedule.ts'

const options = { seed: 'a', durationMs: 60_000, faults: 46, workers: 3 }

test('the same seed plans the same faults, and another seed others', () => {
  expect(planFaults(options)).toEqual(planFaults(options))
  expect(planFaults({ ...options, seed: 'b' })).not.toEqual(planFaults(options))
})

test('the plan of a seed is what it always was, so that a seed in a report can be run again', () => {
  expect(planFaults({ ...options, seed: '1', faults: 3 })).toMatchInlineSnapshot(`
    [
      {
        "atMs": 3654,
        "draw": 1427440985,
        "holdMs": 0,
        "kind": "lose commit answer",
        "worker": 1,
      },
      {
        "atMs": 24069,
        "draw": 1412247712,
        "holdMs": 0,
        "kind": "cut in write",
        "worker": 1,
      },
      {
        "atMs": 49733,
        "draw": 1763491813,
        "holdMs": 0,
        "kind": "restart postgres",
        "worker": 1,
      },
    ]
  `)
})

test('every kind comes before one comes again, in order and within the time', () => {
  const planned = planFaults(options)
  const kinds = Object.keys(FAULT_KINDS)
  expect(new Set(planned.slice(0, kinds.length).map(({ kind }) => kind))).toEqual(new Set(kinds))
  const times = planned.map(({ atMs }) => atMs)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(times.every((atMs) => atMs >= 0 && atMs < options.durationMs)).toBe(true)
  expect(planned.every(({ worker }) => worker < options.workers)).toBe(true)
})

test('a fault lasts as long as its kind does', () => {
  for (const { kind, holdMs } of planFaults(options)) {
    const [shortest, longest] = FAULT_KINDS[kind].holdMs ?? [0, 0]
    expect(holdMs).toBeGreaterThanOrEqual(shortest)
    expect(holdMs).toBeLessThanOrEqual(longest)
  }
})
