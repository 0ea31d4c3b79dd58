import { expect, test } from 'vitest'
import { FACT_AGE_MS_MAX } from '../../core/limits.ts'
import type { FactReader } from './fact-reader.ts'
import { Facts } from './facts.ts'

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

test('many scrapes cost one read until it is too old; what is gone since is left out', async () => {
  let [now, reads] = [0, 0]
  const days: FactReader = {
    fact: 'days',
    async read() {
      reads += 1
      const labels = reads === 1 ? ['a', 'b'] : ['b']
      return {
        upi_days_open: [[reads]],
        upi_schedule_missed_total: labels.map((schedule) => [reads * 10, { schedule }]),
      }
    },
  }
  const { registry } = new Facts([days], () => now)
  const scrapes = await Promise.all([1, 2, 3].map(() => registry.metrics()))
  expect(linesOf(scrapes[2] ?? '')).toEqual([
    'upi_facts_up{fact="days"} 1',
    'upi_days_open 1',
    'upi_schedule_missed_total{schedule="a"} 10',
    'upi_schedule_missed_total{schedule="b"} 10',
  ])
  now = FACT_AGE_MS_MAX - 1
  await registry.metrics()
  expect(reads).toBe(1)
  now += 1
  expect(linesOf(await registry.metrics())).toEqual([
    'upi_facts_up{fact="days"} 1',
    'upi_days_open 2',
    'upi_schedule_missed_total{schedule="b"} 20',
  ])
})

test('what cannot be read is left out and said to be, and the others are told', async () => {
  let now = 0
  let isAway = true
  const broken: FactReader = {
    fact: 'books',
    async read() {
      if (isAway) throw new Error('away')
      return { upi_reconcile_age_seconds: [[5]] }
    },
  }
  const good: FactReader = { fact: 'days', read: async () => ({ upi_days_open: [[3]] }) }
  const { registry } = new Facts([broken, good], () => now)
  expect(linesOf(await registry.metrics())).toEqual([
    'upi_facts_up{fact="books"} 0',
    'upi_facts_up{fact="days"} 1',
    'upi_days_open 3',
  ])
  isAway = false
  now = FACT_AGE_MS_MAX
  expect(linesOf(await registry.metrics())).toContain('upi_reconcile_age_seconds 5')
})
