import { afterEach, expect, test, vi } from 'vitest'
import { Calm } from './calm.ts'
import { becomesReady } from './watch.ts'
import { watchLife } from './watch-life.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const watch = (alive: (answerMsMax: number) => Promise<void>, hungMsMax: number) =>
  watchLife({
    component: { alive, readyMsMax: 0 },
    process: { pid: 0, token: '' },
    calm: new Calm(),
    signal: AbortSignal.timeout(1_000),
    hungMsMax,
    tell: () => {},
  })

test('a clock that is set back while a part hangs lets it hang no longer', async () => {
  const now = Date.now.bind(Date)
  const silent = async () => {
    vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000)
    throw new Error('no answer')
  }
  await expect(watch(silent, 100)).rejects.toThrow(/^hung: .*no answer/)
})

test('who answers late each time, but within the time of one who hangs, lives', async () => {
  const asked: number[] = []
  const late = async (answerMsMax: number) => {
    asked.push(answerMsMax)
  }
  await expect(watch(late, 400)).rejects.toThrow('aborted')
  expect(new Set(asked)).toEqual(new Set([400]))
})

test('a clock that is set forward does not end what starts', async () => {
  const now = Date.now.bind(Date)
  let asked = 0
  const probe = async () => {
    asked += 1
    vi.spyOn(Date, 'now').mockImplementation(() => now() + asked * 3_600_000)
    if (asked < 3) throw new Error('not yet')
  }
  const component = { probe } as unknown as Parameters<typeof becomesReady>[0]
  await becomesReady(component, 60_000, AbortSignal.timeout(1_000))
  expect(asked).toBe(3)
})
