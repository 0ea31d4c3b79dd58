import { expect, test } from 'vitest'
import { mergePayments } from '../../core/merge.ts'
import type { Payment } from '../../core/payment.ts'
import { runPipeline } from '../../streaming/run-pipeline.ts'
import { aFields, aRecord, RULES } from '../../test/fixtures/records.ts'
import {
  type AcceptedMessage,
  checkTransaction,
  type LoggedConflict,
  type StoredRow,
} from './check-transaction.ts'

function aPayment(fields: Record<string, unknown> = {}): Payment {
  const [accepted] = runPipeline([aRecord(aFields(fields))], RULES).accepted
  if (accepted === undefined) throw new Error('the message is not accepted')
  return accepted.payment
}

const message = (place: string, offset: number, payment: Payment): AcceptedMessage => ({
  place,
  at: `${place}/${offset}`,
  payment,
})

const row = (...payments: Payment[]): StoredRow => ({
  payment: payments.reduce(mergePayments),
  messages: payments.length,
})

function verdictOn(
  messages: AcceptedMessage[],
  rows: StoredRow[],
  conflicts: LoggedConflict[] = [],
) {
  const { findings, waits } = checkTransaction({ txnId: 'T', messages, rows, conflicts })
  return { broken: findings.map(({ book }) => book), waits }
}

const FINE = { broken: [], waits: false }
const identityAt = (at: string): LoggedConflict => ({ at, kind: 'identity' })
const statusAt = (at: string): LoggedConflict => ({ at, kind: 'status' })

const paid = aPayment()
const pending = aPayment({ status: 'PENDING' })
const failed = aPayment({ status: 'FAILED' })
const reversed = aPayment({ status: 'REVERSED' })
const other = aPayment({ amount: '99.00' })
const threeDaysBefore = aPayment({ timestamp: '2026-01-29T10:30:00+05:30' })

test('a row that is the fold of its messages is right, wherever they came in', () => {
  const messages = [message('t/0/0', 1, paid), message('t/0/1', 1, pending)]
  expect(verdictOn(messages, [row(pending, paid)])).toEqual(FINE)
  expect(verdictOn(messages, [row(pending)]).broken).toEqual(['fold', 'messages'])
})

test('who was first is known within a partition, and waits for a rebuild between two', () => {
  const apart = [message('t/0/0', 1, paid), message('t/0/1', 1, other)]
  expect(verdictOn(apart, [row(paid)], [identityAt('t/0/1/1')])).toEqual(FINE)
  expect(verdictOn(apart, [row(other)], [identityAt('t/0/0/1')])).toEqual({
    broken: [],
    waits: true,
  })
  const together = [message('t/0/0', 1, paid), message('t/0/0', 2, other)]
  expect(verdictOn(together, [row(other)], [identityAt('t/0/0/1')]).broken).toEqual(['fold'])
})

test('a message that conflicts is in the log, and no other is', () => {
  const messages = [message('t/0/0', 1, paid), message('t/0/0', 2, other)]
  expect(verdictOn(messages, [row(paid)]).broken).toEqual(['conflicts'])
  expect(verdictOn(messages, [row(paid)], [identityAt('t/0/0/1')]).broken).toEqual(['conflicts'])
})

test('statuses that contradict each other are in the log at one of their messages', () => {
  const messages = [
    message('t/0/0', 1, pending),
    message('t/0/0', 2, paid),
    message('t/0/0', 3, failed),
  ]
  const rows = [row(pending, paid, failed)]
  expect(verdictOn(messages, rows, [statusAt('t/0/0/3')])).toEqual(FINE)
  expect(verdictOn(messages, rows).broken).toEqual(['conflicts'])
  expect(verdictOn(messages, rows, [statusAt('t/0/0/1')]).broken).toEqual(['conflicts'])
})

test('a message between two rows may tell that they contradict each other', () => {
  const [before, after] = ['2026-01-30', '2026-02-01'] as const
  const on = (date: string, status: string) =>
    aPayment({ timestamp: `${date}T10:00:00+05:30`, status })
  const between = on('2026-01-31', 'PENDING')
  const told = (...apart: [Payment, Payment]) => {
    const payments = [...apart, between]
    const messages = payments.map((payment, i) => message('t/0/0', i, payment))
    return verdictOn(messages, [row(...payments)], [statusAt('t/0/0/2')])
  }
  expect(told(on(before, 'SUCCESS'), on(after, 'FAILED'))).toEqual(FINE)
  expect(told(on(before, 'PENDING'), on(after, 'FAILED')).broken).toEqual(['conflicts'])
  expect(told(on(after, 'SUCCESS'), on(after, 'FAILED')).broken).toEqual(['conflicts'])
})

test('rows that are days apart wait for a rebuild, and together must say what was said', () => {
  const messages = [message('t/0/0', 1, paid), message('t/0/0', 2, threeDaysBefore)]
  expect(verdictOn(messages, [row(threeDaysBefore), row(paid)])).toEqual({
    broken: [],
    waits: true,
  })
  expect(verdictOn(messages, [row(threeDaysBefore), row(reversed)]).broken).toContain('fold')
})

test('rows on neighbouring days are one row too many', () => {
  const before = aPayment({ timestamp: '2026-01-31T10:30:00+05:30' })
  const messages = [message('t/0/0', 1, paid), message('t/0/0', 2, before)]
  expect(verdictOn(messages, [row(before), row(paid)]).broken).toEqual(['fold'])
  expect(verdictOn(messages, [row(before, paid)])).toEqual(FINE)
})
