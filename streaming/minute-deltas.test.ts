import { expect, test } from 'vitest'
import type { Payment } from '../core/payment.ts'
import { MINUTE_MICROS } from '../core/time.ts'
import { aPayment } from '../test/fixtures/payments.ts'
import { MinuteDeltas } from './minute-deltas.ts'

function deltasOf(...changes: [Payment, 1 | -1][]) {
  const deltas = new MinuteDeltas()
  for (const [payment, sign] of changes) {
    if (sign === 1) deltas.add(payment)
    else deltas.remove(payment)
  }
  return deltas.all()
}

const at = Date.parse('2026-02-01T05:00:00Z') * 1000

test('a payment counts in the minute of its event, by handle and status', () => {
  const payment = aPayment({ event_time: at + MINUTE_MICROS - 1, amount: '249.50', type: 'P2M' })
  const [delta, ...others] = deltasOf([payment, 1])
  expect(others).toEqual([])
  expect(delta).toMatchObject({
    window_start: at,
    payer_handle: payment.payer_handle,
    status: payment.status,
    txns: 1,
    amount: 24_950n,
    p2m: 1,
    p2p: 0,
    refunds: 0,
    refund_amount: 0n,
  })
})

test('an event before 1970 belongs to the minute in which it lies', () => {
  expect(deltasOf([aPayment({ event_time: -1 }), 1])[0]?.window_start).toBe(-MINUTE_MICROS)
})

test('a refund counts apart, whatever else it is', () => {
  const refund = aPayment({ type: 'REFUND', amount: '1.05', decline_class: 'TD', latency_ms: 1 })
  const [delta] = deltasOf([refund, 1])
  expect(delta).toMatchObject({ refunds: 1, refund_amount: 105n, txns: 0, amount: 0n, td: 0 })
  expect(delta?.latencies.every((count) => count === 0)).toBe(true)
})

test('what is added and taken back leaves nothing', () => {
  const payment = aPayment({ decline_class: 'BD', latency_ms: 700, type: 'P2P' })
  const [delta] = deltasOf([payment, 1], [payment, -1])
  expect(delta).toMatchObject({ txns: 0, amount: 0n, bd: 0, p2p: 0 })
  expect(delta?.latencies.every((count) => count === 0)).toBe(true)
})

test('a row that changed its status moves from one figure to the other', () => {
  const pending = aPayment({ event_time: at, status: 'PENDING' })
  const success = aPayment({ event_time: at, status: 'SUCCESS' })
  const deltas = deltasOf([success, 1], [pending, -1])
  expect(deltas.map(({ status, txns }) => [status, txns]).toSorted()).toEqual([
    ['PENDING', -1],
    ['SUCCESS', 1],
  ])
})

test.each([
  [0, 0],
  [250, 0],
  [251, 1],
  [30_000, 9],
  [30_001, 10],
  [86_400_000_000, 10],
])('a latency of %i ms is in bucket %i', (latency_ms, bucket) => {
  const [delta] = deltasOf([aPayment({ latency_ms }), 1])
  expect(delta?.latencies.indexOf(1)).toBe(bucket)
})

test('a message that comes over a minute after its window is late', () => {
  const payment = aPayment({ event_time: at + 1 })
  const lateAt = (kafkaMs: number) => {
    const deltas = new MinuteDeltas()
    deltas.noteArrival(payment, kafkaMs)
    return deltas.all().reduce((sum, { late }) => sum + late, 0)
  }
  expect(lateAt(at / 1000 + 120_000)).toBe(0)
  expect(lateAt(at / 1000 + 120_001)).toBe(1)
})
