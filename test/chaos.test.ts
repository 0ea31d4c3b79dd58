import { expect, test } from 'vitest'
import { runChaos } from './chaos/run-chaos.ts'

test('nothing is lost and nothing doubled, whatever breaks', async () => {
  const said: string[] = []
  const report = await runChaos({
    seed: 'ci',
    minutes: 0.6,
    faults: 16,
    perSecond: 300,
    signal: new AbortController().signal,
    say: (line) => said.push(line),
  })
  const story = [...said, report.home ?? ''].join('\n')
  expect(
    report.books.filter(({ state }) => state === 'broken'),
    story,
  ).toEqual([])
  expect(report.books).toHaveLength(20)
  expect(report.faults.filter(({ missed }) => missed === undefined).length, story).toBeGreaterThan(
    9,
  )
  expect(report.messages.acknowledged).toBeGreaterThan(5_000)
}, 180_000)
