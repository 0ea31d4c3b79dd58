import { expect, test } from 'vitest'
import type { UpiMessage } from '../message.ts'
import { FAULTS, type FaultKind } from './faults.ts'
import { MALFORMATIONS } from './malformed.ts'
import { createTraffic, type TrafficMessage } from './traffic.ts'

const COUNT = 15_000
const FROM = Date.parse('2026-02-02T00:00:00+05:30')
const WEEK = { seed: 7, from: FROM, to: FROM + 7 * 86_400_000, count: COUNT }

const week = [...createTraffic(WEEK)]
const faulty = [...createTraffic({ ...WEEK, faults: 0.3 })]
const lastStatus = new Map(week.map(({ message }) => [message?.txn_id, message?.status]))

/** The messages of each transaction, in the order of sending. */
function byId(messages: TrafficMessage[]): Map<string, TrafficMessage[]> {
  return Map.groupBy(
    messages.filter(({ message }) => message !== null),
    ({ message }) => (message as UpiMessage).txn_id,
  )
}

const kindOf = ({ fault }: TrafficMessage) => fault?.kind
const kinds = Object.keys(FAULTS) as FaultKind[]

test('faults are of every kind, and only where they were asked for', () => {
  expect(new Set(faulty.map(kindOf))).toEqual(new Set([undefined, ...kinds]))
  expect(week.every(({ fault }) => fault === null)).toBe(true)
})

test('faults are as many as asked for', () => {
  const touched = new Set(
    faulty.filter(({ fault }) => fault !== null).map(({ key, at }) => key ?? at),
  )
  expect(touched.size / COUNT).toBeGreaterThan(0.27)
  expect(touched.size / COUNT).toBeLessThan(0.33)
})

test('malformed messages are so in every way there is', () => {
  const seen = new Set(
    faulty.filter((sent) => kindOf(sent) === 'malformed').map(({ fault }) => fault?.about),
  )
  expect(seen.size).toBe(new Set(MALFORMATIONS.map(({ about }) => about)).size)
})

test('what is malformed or written in another way leaves no message to frame', () => {
  const raw = faulty.filter(({ message }) => message === null)
  expect(new Set(raw.map(kindOf))).toEqual(new Set(['malformed', 'warned', 'unusual']))
  for (const kind of ['malformed', 'warned', 'unusual']) {
    const framed = faulty.filter((sent) => kindOf(sent) === kind && sent.message !== null)
    expect(framed).toEqual([])
  }
})

test('a duplicate has the bytes of a message sent before', () => {
  const values = new Map<string, Set<unknown>>()
  for (const sent of faulty) {
    const known = values.get(sent.key ?? '') ?? new Set()
    if (kindOf(sent) === 'duplicate') expect(known.has(sent.value)).toBe(true)
    values.set(sent.key ?? '', known.add(sent.value))
  }
})

test('a conflict changes amount, payer or payee of a transaction', () => {
  for (const sent of byId(faulty).values()) {
    const conflict = sent.find((one) => kindOf(one) === 'conflicting')?.message
    const first = sent[0]?.message as UpiMessage
    if (!conflict) continue
    const fields = ['amount', 'payer', 'payee'] as const
    expect(fields.filter((field) => conflict[field] !== first[field])).toHaveLength(1)
  }
})

test('a disordered status comes after the one with which the transaction ends', () => {
  for (const sent of byId(faulty).values()) {
    const late = sent.at(-1)
    if (late === undefined || kindOf(late) !== 'disordered') continue
    expect(late.message?.status).not.toBe(lastStatus.get(late.message?.txn_id ?? ''))
    expect(sent.at(-2)?.message?.status).toBe(lastStatus.get(late.message?.txn_id ?? ''))
  }
})
