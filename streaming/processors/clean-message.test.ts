import { expect, test } from 'vitest'
import type { Payment } from '../../core/payment.ts'
import { aFields, aRecord, RULES } from '../../test/fixtures/records.ts'
import { runPipeline } from '../run-pipeline.ts'

function clean(over: Record<string, unknown>): Payment {
  const { accepted, rejected } = runPipeline([aRecord(aFields(over))], RULES)
  expect(rejected).toEqual([])
  return accepted[0]?.payment as Payment
}

test('a payer is masked, a merchant is shown, both are keyed', () => {
  const row = clean({ type: 'P2M' })
  expect(row.payer).toBe('as***k@okhdfcbank')
  expect(row.payee).toBe('chaishop@ybl')
  expect(row.payer_key).toHaveLength(16)
  expect(row.payer_key).toEqual(clean({ payer: ' ASHA.K@okhdfcbank' }).payer_key)
})

test('a person who is paid is masked; in a refund the merchant pays and is shown', () => {
  expect(clean({ type: 'P2P' }).payee).toBe('ch***p@ybl')
  const refund = clean({ type: 'REFUND', payer: 'chaishop@ybl', payee: 'asha.k@okhdfcbank' })
  expect(refund.payer).toBe('chaishop@ybl')
  expect(refund.payee).toBe('as***k@okhdfcbank')
})

test('merchants with a common first half stay two merchants', () => {
  const long = 'a'.repeat(60)
  expect(clean({ payee: `${long}1@ybl` }).payee_key).not.toEqual(
    clean({ payee: `${long}2@ybl` }).payee_key,
  )
})

test('the business day is the day in India', () => {
  const late = clean({ timestamp: '2026-01-31T18:30:00Z' })
  expect(late.business_date).toBe('2026-02-01')
  expect(late.event_time).toBe(Date.parse('2026-01-31T18:30:00Z') * 1000)
})

test.each([
  ['Z9', 'Z9', 'BD'],
  ['U30|DEBIT HAS BEEN FAILED|Z9|INSUFFICIENT FUNDS', 'Z9', 'BD'],
  ['u30|debit has been failed|up|psp timeout', 'UP', 'TD'],
  ['U30|DEBIT HAS BEEN FAILED', 'U30', null],
  ['00', '00', null],
  ['QQ', 'QQ', null],
])('the response code %s is %s, class %s', (code, inner, kind) => {
  const row = clean({ status: 'FAILED', response_code: code })
  expect([row.response_code, row.decline_class]).toEqual([inner, kind])
})

test('latency is what lies between start and end', () => {
  expect(clean({ completed_at: '2026-02-01T10:30:01.480+05:30' }).latency_ms).toBe(1357)
  expect(clean({}).latency_ms).toBeNull()
})

test('a processor that throws costs its own message only', () => {
  const throwing = {
    ...RULES,
    keyOf: (text: string) => {
      if (text.startsWith('boom')) throw new TypeError('a bug')
      return RULES.keyOf(text)
    },
  }
  const records = [aRecord(aFields()), aRecord(aFields({ payer: 'boom@ybl' })), aRecord(aFields())]
  const { accepted, rejected, fault } = runPipeline(records, throwing)
  expect(fault).toEqual(new TypeError('a bug'))
  expect(accepted).toHaveLength(2)
  expect(rejected.map(({ reasons }) => reasons)).toEqual([
    [{ code: 'INTERNAL', detail: 'exception in clean-message' }],
  ])
})
