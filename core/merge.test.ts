import fc from 'fast-check'
import { expect, test } from 'vitest'
import { areContradicting, identityDifferences, isSameRow, mergePayments } from './merge.ts'
import type { Payment } from './payment.ts'
import { STATUSES, type Status } from './status.ts'

const text = fc.option(fc.constantFrom('A', 'B', 'a', 'é', '\u{1f600}', '\uffee'), { nil: null })

const anyPayment: fc.Arbitrary<Payment> = fc.record({
  txn_id: fc.constant('T1'),
  business_date: fc.constant('2026-02-01'),
  event_time: fc.integer({ min: 1_000, max: 5_000 }),
  payer: fc.constant('as***k@ybl'),
  payer_key: fc.constant(Buffer.alloc(16, 1)),
  payer_handle: fc.constant('ybl'),
  payee: fc.constant('ch***p@ybl'),
  payee_key: fc.constant(Buffer.alloc(16, 2)),
  payee_handle: fc.constant('ybl'),
  type: text,
  channel: text,
  mcc: text,
  payer_bank: text,
  payee_bank: text,
  rrn: text,
  device: text,
  city: text,
  state: text,
  amount: fc.constant('10.00'),
  status: fc.constantFrom(...STATUSES),
  response_code: text,
  decline_class: fc.constant(null),
  completed_at: fc.option(fc.integer({ min: 5_000, max: 9_000 }), { nil: null }),
  latency_ms: fc.constant(null),
  original_txn_id: text,
})

// Who is masked follows from the type.
const payment = anyPayment.map((each) =>
  each.type === 'B' ? { ...each, payee: 'chaishop@ybl' } : each,
)

test('a set of messages gives the same row in any order and with any duplication', () => {
  const shuffled = fc
    .array(payment, { minLength: 1, maxLength: 6 })
    .chain((set) =>
      fc.tuple(
        fc.constant(set),
        fc.shuffledSubarray([...set, ...set], { minLength: set.length * 2 }),
      ),
    )
  fc.assert(
    fc.property(shuffled, ([set, again]) => {
      const fold = (messages: Payment[]) => messages.reduce(mergePayments)
      expect(fold([...again, ...set])).toEqual(fold([...set, ...set]))
    }),
  )
})

test('a terminal status beats a pending one whichever comes first', () => {
  const [base] = fc.sample(payment, { numRuns: 1, seed: 1 }) as [Payment]
  const pending: Payment = { ...base, status: 'PENDING', completed_at: null }
  const success: Payment = { ...base, status: 'SUCCESS', completed_at: 9_000, response_code: '00' }
  expect(mergePayments(pending, success).status).toBe('SUCCESS')
  expect(mergePayments(success, pending)).toMatchObject({ status: 'SUCCESS', response_code: '00' })
})

test('another amount, payer or payee is another payment', () => {
  const [base] = fc.sample(payment, { numRuns: 1, seed: 1 }) as [Payment]
  const other = { amount: '10.01', payer_key: Buffer.alloc(16, 3), payee_key: Buffer.alloc(16, 1) }
  expect(identityDifferences(base, { ...base, ...other })).toEqual(['amount', 'payer', 'payee'])
  expect(identityDifferences(base, { ...base, payer_key: Buffer.alloc(16, 1) })).toEqual([])
})

test('two final statuses contradict each other unless one follows the other', () => {
  const ofFailure = (other: Status) => areContradicting('FAILED', other)
  expect(STATUSES.filter(ofFailure)).toEqual(['EXPIRED', 'DECLINED', 'SUCCESS', 'REVERSED'])
  for (const status of STATUSES) expect(areContradicting(status, status)).toBe(false)
  expect(areContradicting('SUCCESS', 'REVERSED')).toBe(false)
  expect(areContradicting('REVERSED', 'FAILED')).toBe(true)
})

test('a message that was already merged changes nothing', () => {
  fc.assert(
    fc.property(payment, payment, (a, b) => {
      const row = mergePayments(a, b)
      expect(isSameRow(row, mergePayments(row, b))).toBe(true)
      expect(isSameRow(row, mergePayments(b, row))).toBe(true)
    }),
  )
})
