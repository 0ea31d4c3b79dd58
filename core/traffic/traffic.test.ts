import { describe, expect, test } from 'vitest'
import { UpiError } from '../errors.ts'
import type { UpiMessage } from '../message.ts'
import { isPerson, parseVpa, type Vpa } from '../vpa.ts'
import { hashText } from './random.ts'
import { createTraffic, type TrafficMessage, type TrafficOptions } from './traffic.ts'

const FROM = Date.parse('2026-02-02T00:00:00+05:30')
const DAY_MS = 86_400_000
const COUNT = 15_000
const WEEK = { seed: 7, from: FROM, to: FROM + 7 * DAY_MS }
const LIVE = { seed: 7, from: FROM + 12 * 3_600_000, ratePerSecond: 100 }

function all(options: TrafficOptions): TrafficMessage[] {
  return [...createTraffic(options)]
}

function fingerprint(messages: Iterable<TrafficMessage>): number {
  let hash = 0
  for (const { at, key, value } of messages) {
    const text = value instanceof Uint8Array ? value.join() : String(value)
    hash = hashText(`${at} ${key} ${text}`, hash)
  }
  return hash
}

/** The messages of each transaction, in the order of sending. */
function byId(messages: TrafficMessage[]): Map<string, TrafficMessage[]> {
  return Map.groupBy(
    messages.filter(({ message }) => message !== null),
    ({ message }) => (message as UpiMessage).txn_id,
  )
}

function paise(message: UpiMessage): bigint {
  return BigInt(message.amount.replace('.', ''))
}

const week = all({ ...WEEK, count: COUNT })
const faulty = all({ ...WEEK, count: COUNT, faults: 0.3 })
const lastMessages = [...byId(week).values()].map((sent) => sent.at(-1)?.message as UpiMessage)

describe('the same options', () => {
  test('give the same bytes', () => {
    const options = { ...WEEK, count: 2000, faults: 0.2 }
    expect(fingerprint(all(options))).toBe(fingerprint(all(options)))
  })

  test('give the bytes that they gave when this test was written', () => {
    // Changes only when traffic is changed on purpose.
    expect(fingerprint(all({ ...WEEK, count: 2000, faults: 0.2 }))).toMatchInlineSnapshot(
      `-1858735661`,
    )
  })

  test('give the same live messages, in whatever portions they are asked for', () => {
    const whole = createTraffic({ ...LIVE, faults: 0.1 }).due(LIVE.from + 20_000, 1_000_000)
    const portioned: TrafficMessage[] = []
    const traffic = createTraffic({ ...LIVE, faults: 0.1 })
    for (let now = LIVE.from; now < LIVE.from + 20_000; now += 37)
      portioned.push(...traffic.due(now, 5))
    portioned.push(...traffic.due(LIVE.from + 20_000, 1_000_000))
    expect(fingerprint(portioned)).toBe(fingerprint(whole))
  })
})

describe('a range', () => {
  test('has as many transactions as asked for, refunds included, each with its messages', () => {
    expect(byId(week).size).toBe(COUNT)
    expect(week.length / COUNT).toBeGreaterThan(1.08)
    expect(week.length / COUNT).toBeLessThan(1.16)
  })

  test('may be given a rate instead of a count', () => {
    expect(byId(all({ ...WEEK, ratePerSecond: 0.001 })).size).toBe(605)
  })

  test('holds every event time, with and without faults', () => {
    const outside = [...week, ...faulty].filter(({ message }) => {
      const begun = Date.parse(message?.timestamp ?? '')
      return begun < WEEK.from || begun >= WEEK.to
    })
    expect(outside).toEqual([])
  })

  test('is sent in order of time, nothing before it began', () => {
    for (const messages of [week, faulty]) {
      const early = messages.filter(({ at, message }, index) => {
        const before = messages[index - 1]?.at ?? 0
        return at < before || at <= Date.parse(message?.timestamp ?? '')
      })
      expect(early).toEqual([])
    }
  })

  test('ends at `until`, and is the same before it', () => {
    const until = WEEK.from + 2 * DAY_MS
    const cut = all({ ...WEEK, count: COUNT, until })
    expect(fingerprint(cut)).toBe(fingerprint(week.filter(({ at }) => at <= until)))
  })

  test('may be empty of transactions', () => {
    expect(all({ ...WEEK, count: 0 })).toEqual([])
  })
})

describe('ids', () => {
  test('are 35 alphanumeric characters, and the keys', () => {
    const others = week.filter(
      ({ key, message }) => key !== message?.txn_id || !/^[A-Z]{3}[0-9a-f]{32}$/.test(key ?? ''),
    )
    expect(others).toEqual([])
  })

  test('of runs with another seed, start, rate or range have nothing in common', () => {
    const runs = [
      all({ ...WEEK, count: 500 }),
      all({ ...WEEK, seed: 8, count: 500 }),
      all({ ...WEEK, count: 501 }),
      all({ ...WEEK, to: WEEK.to + 1, count: 500 }),
      all({ ...LIVE, count: 500 }),
      all({ ...LIVE, from: LIVE.from + 1, count: 500 }),
      all({ ...LIVE, ratePerSecond: 101, count: 500 }),
    ].map((messages) => new Set(messages.map(({ key }) => key)))
    const total = runs.reduce((sum, run) => sum + run.size, 0)
    expect(new Set(runs.flatMap((run) => [...run])).size).toBe(total)
  })

  test('are the same with faults as without, so that what faults do can be told', () => {
    const broken = new Set(
      faulty.filter(({ fault }) => fault?.kind === 'malformed').map(({ key }) => key),
    )
    const keys = new Set(faulty.map(({ key }) => key).filter((key) => !broken.has(key)))
    expect([...keys].sort()).toEqual([...new Set(week.map(({ key }) => key))].sort())
  })
})

describe('messages', () => {
  const payments = lastMessages.filter((message) => message.type !== 'REFUND')

  test('go to merchants in 64 of 100', () => {
    const toMerchants = payments.filter((message) => message.type === 'P2M').length
    expect(toMerchants / payments.length).toBeCloseTo(0.64, 2)
  })

  test('have VPAs of which the payee is a merchant by the rule of the platform', () => {
    const others = lastMessages.filter(({ payer, payee, type }) => {
      const isMerchant = !isPerson(parseVpa(payee) as Vpa, type ?? null)
      return parseVpa(payer) === undefined || isMerchant !== (type === 'P2M')
    })
    expect(others).toEqual([])
  })

  test('have some mobile numbers and a few accounts for VPAs', () => {
    const mobiles = payments.filter(({ payer }) => /^[6-9]\d{9}@/.test(payer)).length
    const accounts = payments.filter(({ payee }) => payee.endsWith('.ifsc.npci')).length
    expect(mobiles / payments.length).toBeGreaterThan(0.1)
    expect(mobiles / payments.length).toBeLessThan(0.3)
    expect(accounts).toBeGreaterThan(20)
    expect(accounts / payments.length).toBeLessThan(0.01)
  })

  test('begin with SBI and end with Yes Bank most often', () => {
    const share = (side: 'payer_bank' | 'payee_bank', bank: string) =>
      payments.filter((message) => message[side] === bank).length / payments.length
    expect(share('payer_bank', 'SBIN')).toBeCloseTo(0.268, 1)
    expect(share('payee_bank', 'YESB')).toBeCloseTo(0.41, 1)
  })

  test('have a reference number of the hour in which they began', () => {
    const others = lastMessages.filter(
      ({ rrn, timestamp }) =>
        !/^\d{12}$/.test(rrn ?? '') || rrn?.slice(4, 6) !== timestamp.slice(11, 13),
    )
    expect(others).toEqual([])
  })

  test('of one transaction differ in status, code and completion only', () => {
    for (const sent of byId(week).values()) {
      if (sent.length === 1) continue
      const same = sent.map(({ message }) => ({ ...message, ...UNSETTLED }))
      for (const message of same) expect(message).toEqual(same[0])
    }
  })

  test('stay within one lakh, or five for the categories that may', () => {
    const others = payments.filter((message) => {
      const limit = message.type === 'P2P' ? 10_000_000n : 50_000_000n
      return paise(message) < 100n || paise(message) > limit
    })
    expect(others).toEqual([])
  })

  const UNSETTLED = { status: '', response_code: null, completed_at: null }
})

describe('refunds', () => {
  const refunds = lastMessages.filter((message) => message.type === 'REFUND')
  const originals = new Map(lastMessages.map((message) => [message.txn_id, message]))

  test('turn the parts of a payment to a merchant that succeeded', () => {
    expect(refunds.length / lastMessages.length).toBeGreaterThan(0.002)
    for (const refund of refunds) {
      const paid = originals.get(refund.original_txn_id as string) as UpiMessage
      expect(paid).toMatchObject({ type: 'P2M', status: 'SUCCESS' })
      expect([refund.payer, refund.payee]).toEqual([paid.payee, paid.payer])
      expect(Date.parse(refund.timestamp)).toBeGreaterThan(Date.parse(paid.timestamp))
    }
  })

  test('never sum to more than was paid', () => {
    const parts = Map.groupBy(refunds, (refund) => refund.original_txn_id as string)
    expect([...parts.values()].some((several) => several.length > 1)).toBe(true)
    for (const [id, several] of parts) {
      const sum = several.reduce((total, refund) => total + paise(refund), 0n)
      expect(sum).toBeLessThanOrEqual(paise(originals.get(id) as UpiMessage))
    }
  })
})

describe('live traffic', () => {
  test('keeps its rate and begins nothing before its time', () => {
    const traffic = createTraffic(LIVE)
    expect(traffic.due(LIVE.from - 1, 1000)).toEqual([])
    for (let second = 1; second <= 30; second++) {
      const now = LIVE.from + second * 1000
      for (const { at } of traffic.due(now, 1000)) expect(at).toBeLessThanOrEqual(now)
      expect(traffic.transactions).toBeGreaterThanOrEqual(second * 100)
      expect(traffic.transactions).toBeLessThanOrEqual(second * 100 + 1)
    }
  })

  test('tells of a payment when its latency has passed', () => {
    for (const { at, message } of createTraffic(LIVE).due(LIVE.from + 30_000, 100_000)) {
      const done = message?.completed_at ?? message?.timestamp ?? ''
      expect(at).toBeGreaterThan(Date.parse(done))
      expect(at - Date.parse(done)).toBeLessThan(45_000)
    }
  })

  test('shows late payments at once, as begun hours to days ago', () => {
    const sent = createTraffic({ ...LIVE, faults: 0.5 }).due(LIVE.from + 30_000, 100_000)
    const late = sent.filter(({ fault }) => fault?.kind === 'late')
    expect(late.length).toBeGreaterThan(50)
    for (const { at, message } of late) {
      expect(at - Date.parse(message?.timestamp ?? '')).toBeGreaterThan(3_600_000)
    }
  })

  test('ends after a count, if there is one', () => {
    expect(byId(all({ ...LIVE, count: 50 })).size).toBe(50)
  })
})

test('options that make no sense are refused with the fix', () => {
  for (const options of [
    { ...WEEK },
    { ...WEEK, to: WEEK.from, count: 5 },
    { ...WEEK, count: -1 },
    { ...WEEK, count: 5, faults: 1.5 },
    { seed: 1, from: FROM },
    { seed: 1, from: FROM, ratePerSecond: 0 },
    { seed: 1, from: Number.NaN, ratePerSecond: 1 },
    { seed: 1, from: FROM, ratePerSecond: 1, count: 1.5 },
    { ...WEEK, count: 5, ratePerSecond: 1 },
  ]) {
    expect(() => createTraffic(options)).toThrow(UpiError)
  }
})
