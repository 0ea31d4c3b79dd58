import { expect, test } from 'vitest'
import type { Payment } from '../core/payment.ts'
import { STATUSES } from '../core/status.ts'
import type { CleanRow } from '../platform/queries/clean.ts'
import { aPayment } from '../test/fixtures/payments.ts'
import { aRecord } from '../test/fixtures/records.ts'
import { type Message, mergeTransaction } from './merge-transaction.ts'

const on = (day: string, time = '12:00:00') => Date.parse(`2026-02-${day}T${time}+05:30`) * 1000

function said(...payments: Partial<Payment>[]): Message[] {
  return payments.map((over, i) => ({
    payment: aPayment(over),
    record: { ...aRecord({}), offset: String(i) },
  }))
}

function stored(...payments: Partial<Payment>[]): CleanRow[] {
  return payments.map((over) => ({ payment: aPayment(over), messages: 1 }))
}

/** What became of messages, short. */
function outcome(rows: readonly CleanRow[], messages: readonly Message[]) {
  const effect = mergeTransaction(rows, messages)
  const { inserted, merged, duplicate, conflicting, conflicts } = effect
  expect(inserted + merged + duplicate + conflicting).toBe(messages.length)
  expect(effect.telling).toHaveLength(inserted + merged)
  return {
    rows: effect.rows.map(({ payment, messages }) => [
      payment.business_date.slice(-2),
      payment.status,
      messages,
    ]),
    counts: { inserted, merged, duplicate, conflicting },
    conflicts: conflicts.map(({ kind, message }) => `${kind} ${message.record.offset}`),
    absorbed: effect.absorbed.map((row) => [
      row.payment.business_date.slice(-2),
      row.stored !== undefined,
    ]),
  }
}

const NOTHING = { inserted: 0, merged: 0, duplicate: 0, conflicting: 0 }

test('a new message is a new row', () => {
  expect(outcome([], said({}))).toEqual({
    rows: [['01', 'SUCCESS', 1]],
    counts: { ...NOTHING, inserted: 1 },
    conflicts: [],
    absorbed: [],
  })
})

test('of two statuses the greater stays, whichever comes first', () => {
  for (const [i, low] of STATUSES.entries()) {
    for (const high of STATUSES.slice(i + 1)) {
      expect(outcome(stored({ status: low }), said({ status: high }))).toMatchObject({
        rows: [['01', high, 2]],
        counts: { merged: 1 },
      })
      expect(outcome(stored({ status: high }), said({ status: low }))).toMatchObject({
        rows: [['01', high, 2]],
        counts: { duplicate: 1 },
      })
    }
  }
})

test('of two outcomes with one status the later completion stays, with its own code', () => {
  const early = { completed_at: on('01', '12:00:01'), response_code: 'ZZ', latency_ms: 1_000 }
  const later = { completed_at: on('01', '12:00:02'), response_code: 'AA', latency_ms: 2_000 }
  for (const [first, second] of [
    [early, later],
    [later, early],
  ] as const) {
    const [row] = mergeTransaction(stored(first), said(second)).rows
    expect(row?.payment).toMatchObject(later)
  }
})

test.each([
  ['SUCCESS', 'FAILED', true],
  ['FAILED', 'SUCCESS', true],
  ['DECLINED', 'REVERSED', true],
  ['EXPIRED', 'DECLINED', true],
  ['SUCCESS', 'REVERSED', false],
  ['PENDING', 'FAILED', false],
  ['DEEMED', 'SUCCESS', false],
  ['FAILED', 'FAILED', false],
] as const)('%s then %s is a status conflict: %s', (before, after, isConflict) => {
  const { conflicts, counts } = outcome(stored({ status: before }), said({ status: after }))
  expect(conflicts).toEqual(isConflict ? ['status 0'] : [])
  expect(counts.conflicting).toBe(0)
})

test.each<[string, Partial<Payment>]>([
  ['amount', { amount: '100.01' }],
  ['payer', { payer_key: Buffer.alloc(16, 9) }],
  ['payee', { payee_key: Buffer.alloc(16, 9) }],
])('a message with another %s leaves the row alone, on its day and on the next', (_, other) => {
  for (const day of ['01', '02']) {
    const message = { ...other, event_time: on(day), status: 'REVERSED', city: 'Pune' } as const
    expect(outcome(stored({}), said(message))).toEqual({
      rows: [['01', 'SUCCESS', 1]],
      counts: { ...NOTHING, conflicting: 1 },
      conflicts: ['identity 0'],
      absorbed: [],
    })
  }
})

test('the first message gives the identity, within a batch too', () => {
  expect(
    outcome([], said({ amount: '1.00' }, { amount: '2.00' }, { amount: '1.00' })),
  ).toMatchObject({
    rows: [['01', 'SUCCESS', 2]],
    counts: { inserted: 1, duplicate: 1, conflicting: 1 },
    conflicts: ['identity 1'],
  })
})

test('a message of a neighbouring day belongs to the row, which is of the earlier day', () => {
  const later = outcome(stored({}), said({ event_time: on('02') }))
  expect(later).toMatchObject({ rows: [['01', 'SUCCESS', 2]], counts: { duplicate: 1 } })
  const earlier = outcome(stored({ event_time: on('02') }), said({}))
  expect(earlier).toMatchObject({ rows: [['01', 'SUCCESS', 2]], counts: { merged: 1 } })
})

test('an earlier time of the same day is the row’s, and lengthens its latency', () => {
  const completed_at = on('01', '12:00:05')
  const [row] = mergeTransaction(
    stored({ event_time: on('01', '12:00:03'), completed_at, latency_ms: 2_000 }),
    said({ event_time: on('01', '12:00:01'), status: 'PENDING' }),
  ).rows
  expect(row?.payment).toMatchObject({ event_time: on('01', '12:00:01'), latency_ms: 4_000 })
})

test('a message between two rows of its identity brings them together in the earlier', () => {
  const rows = stored({ event_time: on('03'), status: 'PENDING' }, { status: 'DEEMED' })
  expect(outcome(rows, said({ event_time: on('02') }))).toEqual({
    rows: [['01', 'SUCCESS', 3]],
    counts: { ...NOTHING, merged: 1 },
    conflicts: [],
    absorbed: [['03', true]],
  })
})

test('so it does within a batch, where the absorbed row is none that is stored', () => {
  const days = ['01', '03', '02'].map((day) => ({ event_time: on(day) }))
  expect(outcome([], said(...days))).toEqual({
    rows: [['01', 'SUCCESS', 3]],
    counts: { ...NOTHING, inserted: 2, merged: 1 },
    conflicts: [],
    absorbed: [['03', false]],
  })
})

test('rows that are brought together are told as a conflict if any of their statuses contradict', () => {
  const between = (status: Payment['status']) => said({ event_time: on('02'), status })
  const rows = (first: Payment['status'], second: Payment['status']) =>
    stored({ status: first }, { event_time: on('03'), status: second })
  for (const [first, second, status] of [
    ['SUCCESS', 'FAILED', 'PENDING'],
    ['FAILED', 'SUCCESS', 'PENDING'],
    ['PENDING', 'SUCCESS', 'FAILED'],
    ['FAILED', 'PENDING', 'SUCCESS'],
    ['FAILED', 'EXPIRED', 'SUCCESS'],
  ] as const) {
    const { conflicts } = outcome(rows(first, second), between(status))
    expect(conflicts, `${first}, ${second}, ${status}`).toEqual(['status 0'])
  }
  expect(outcome(rows('PENDING', 'SUCCESS'), between('SUCCESS')).conflicts).toEqual([])
})

test('rows of two identities stay apart, whoever comes between', () => {
  const rows = stored({ amount: '1.00' }, { event_time: on('03'), amount: '2.00' })
  const between = (amount: string) => said({ event_time: on('02'), amount })
  expect(outcome(rows, between('1.00')).rows).toEqual([
    ['01', 'SUCCESS', 2],
    ['03', 'SUCCESS', 1],
  ])
  expect(outcome(rows, between('2.00')).rows).toEqual([
    ['01', 'SUCCESS', 1],
    ['02', 'SUCCESS', 2],
  ])
  expect(outcome(rows, between('3.00'))).toMatchObject({ counts: { conflicting: 1 } })
})

test('a row does not move to a day on which the id means another payment', () => {
  const rows = stored({ amount: '1.00' }, { event_time: on('02'), amount: '2.00' })
  expect(outcome(rows, said({ amount: '2.00' }))).toMatchObject({
    rows: [
      ['01', 'SUCCESS', 1],
      ['02', 'SUCCESS', 1],
    ],
    counts: { conflicting: 1 },
  })
})

test('messages two days and more apart are two rows', () => {
  expect(outcome(stored({}), said({ event_time: on('03') }))).toMatchObject({
    rows: [
      ['01', 'SUCCESS', 1],
      ['03', 'SUCCESS', 1],
    ],
    counts: { inserted: 1 },
  })
})

test('a message again is a duplicate, and the row is the same object', () => {
  const [row] = stored({ city: 'Pune' }) as [CleanRow]
  const effect = mergeTransaction([row], said({ city: 'Pune' }, {}))
  expect(effect).toMatchObject({ duplicate: 2, merged: 0, telling: [] })
  expect(effect.rows[0]?.payment).toBe(row.payment)
  expect(effect.rows[0]?.messages).toBe(3)
})

test('of what describes a payment the greatest word stays, null the least', () => {
  const [row] = mergeTransaction(
    stored({ city: null, state: 'MH', device: 'é' }),
    said({ city: 'Pune', state: 'KA', device: 'z' }),
  ).rows
  expect(row?.payment).toMatchObject({ city: 'Pune', state: 'MH', device: 'é' })
})

test('who is masked follows the final type', () => {
  const shop = { type: 'P2M', payee: 'chaishop@ybl' } as const
  const person = { type: 'P2P', payee: 'ch***p@ybl' } as const
  const refund = { type: 'REFUND', payer: 'asha.k@okhdfcbank', payee: 'ch***p@ybl' } as const
  for (const [first, second, final] of [
    [shop, person, person],
    [person, shop, person],
    [shop, refund, refund],
    [refund, person, refund],
  ] as const) {
    const [row] = mergeTransaction(stored(first), said(second)).rows
    expect(row?.payment).toMatchObject(final)
  }
})
