import { expect, test } from 'vitest'
import { sessionFaults } from './session-faults.ts'

const session = (role: string, query_seconds: number, transaction_seconds: number) => ({
  role,
  query_seconds,
  transaction_seconds,
})

test.each([
  ['a viewer who has his answer soon', session('upi_report', 0.9, 0.9), []],
  [
    'a viewer who waits',
    session('upi_report', 72, 72),
    ['a query of upi_report has run for 72.0 s'],
  ],
  ['a build that takes its time', session('upi_transform', 900, 900), []],
  [
    'a transaction that somebody left open',
    session('upi', 0, 1_860),
    ['a transaction of upi is open for 31 min'],
  ],
])('%s', (_, longest, told) => {
  expect(sessionFaults([longest]).map(({ text }) => text)).toEqual(told)
})
