import { expect, test } from 'vitest'
import type { Explained } from '../models/engine/explain.ts'
import { foldDays } from './plan-models.ts'

const build = (subject: string, reason = 'rows changed', models = ['daily']): Explained => ({
  does: 'build',
  subject,
  reason,
  models,
})

test('days that follow each other and are built for the same reason are one line of a plan', () => {
  const rows = ['2026-01-31', '2026-02-01', '2026-02-02', '2026-02-04'].map((day) => build(day))
  expect(foldDays(rows)).toMatchObject([
    { subject: '2026-01-31', last: '2026-02-02', days: 3 },
    { subject: '2026-02-04', last: '2026-02-04', days: 1 },
  ])
})

test('another reason or other models begin another line', () => {
  const rows = [
    build('2026-02-01'),
    build('2026-02-02', 'failed before'),
    build('2026-02-03', 'failed before', ['daily', 'hourly']),
    build('all', 'never built', ['dim_merchants']),
  ]
  expect(foldDays(rows).map(({ days }) => days)).toEqual([1, 1, 1, 0])
})

test('tables that are made for one reason are one line', () => {
  const make = (name: string): Explained => ({
    ...build('table', 'missing', [name]),
    does: 'make',
  })
  expect(foldDays([make('a'), make('b'), build('2026-02-01')])).toMatchObject([
    { does: 'make', models: ['a', 'b'] },
    { does: 'build' },
  ])
})
