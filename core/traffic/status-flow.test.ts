import { expect, test } from 'vitest'
import { declineClassOf, innerCode } from '../response-code.ts'
import { parseStatus, type Status, statusRank } from '../status.ts'
import { BANKS, type Bank, bankOf } from './banks.ts'
import { Random } from './random.ts'
import { planSteps, type Situation, type Step } from './status-flow.ts'

const BEGUN_AT = Date.parse('2026-02-01T10:30:00+05:30')
const DRAWS = 20_000

function flowsOf(bank: Bank, given: Partial<Situation> = {}): Step[][] {
  const random = new Random('seed', bank.code)
  const situation = {
    begunAt: BEGUN_AT,
    channel: 'QR',
    payerBank: bank,
    payerOutage: null,
    payeeOutage: null,
    saysFailure: false,
    ...given,
  }
  return Array.from({ length: DRAWS }, (_, place) => planSteps(situation, random.at(place)))
}

function lastOf(steps: Step[]): Step {
  return steps[steps.length - 1] as Step
}

function isOrderly(steps: Step[]): boolean {
  return steps.every(({ status, sentAt, completedAt }, index) => {
    const before = steps[index - 1]
    const isOpen = status === 'PENDING' || status === 'DEEMED'
    const rises = before === undefined || rankOf(status) > rankOf(before.status)
    const isLater = sentAt > (before?.sentAt ?? BEGUN_AT)
    const isFinal = completedAt !== null && completedAt <= sentAt
    return rises && isLater && isOpen === (completedAt === null) && isOpen !== isFinal
  })
}

function rankOf(status: string): number {
  return statusRank(parseStatus(status) as Status)
}

function classShare(flows: Step[][], kind: 'TD' | 'BD'): number {
  const found = flows.filter((steps) => classOf(lastOf(steps)) === kind)
  return (100 * found.length) / flows.length
}

function classOf(step: Step): string | null {
  return declineClassOf(innerCode(step.code) ?? '', '2026-02-01')
}

test.each(BANKS.slice(0, 8).map((bank) => [bank.code, bank] as const))(
  '%s has its published shares of approved, business and technical declines',
  (_, bank) => {
    const flows = flowsOf(bank)
    expect(Math.abs(classShare(flows, 'BD') - bank.bd)).toBeLessThan(0.75)
    expect(Math.abs(classShare(flows, 'TD') - bank.td)).toBeLessThan(0.5)
    const approved = flows.filter((steps) =>
      ['SUCCESS', 'REVERSED'].includes(lastOf(steps).status),
    ).length
    expect(Math.abs((100 * approved) / DRAWS - bank.approved)).toBeLessThan(0.75)
  },
)

test('the published shares of each bank sum to one hundred', () => {
  for (const bank of BANKS) expect(bank.approved + bank.bd + bank.td).toBeCloseTo(100, 1)
})

test('an outage of either bank makes most of its payments fail technically', () => {
  const outage = { from: BEGUN_AT, to: BEGUN_AT + 3_600_000, tdShare: 0.8 }
  for (const given of [{ payerOutage: outage }, { payeeOutage: outage }]) {
    expect(classShare(flowsOf(bankOf('SBIN'), given), 'TD')).toBeGreaterThan(75)
  }
})

test('half of the answers come within two seconds, and a few after the timer of 15 s', () => {
  const latencies = flowsOf(bankOf('HDFC'))
    .map((steps) => (lastOf(steps).completedAt as number) - BEGUN_AT)
    .sort((a, b) => a - b)
  expect(latencies[DRAWS / 2]).toBeGreaterThan(1000)
  expect(latencies[DRAWS / 2]).toBeLessThan(2000)
  const slow = latencies.filter((latency) => latency > 15_000).length / DRAWS
  expect(slow).toBeGreaterThan(0.004)
  expect(slow).toBeLessThan(0.03)
})

test('statuses only rise, are sent in order, and are told after they are final', () => {
  const flows = [...flowsOf(bankOf('UBIN')), ...flowsOf(bankOf('HDFC'))]
  expect(flows.filter((steps) => !isOrderly(steps))).toEqual([])
})

test('deemed payments are confirmed or given back, hours to days later', () => {
  const deemed = flowsOf(bankOf('UBIN')).filter((steps) =>
    steps.some((step) => step.status === 'DEEMED'),
  )
  expect(deemed.length).toBeGreaterThan(20)
  const ends = deemed.map(lastOf)
  expect(new Set(ends.map((step) => step.status))).toEqual(new Set(['SUCCESS', 'REVERSED']))
  for (const end of ends) expect(end.sentAt - BEGUN_AT).toBeGreaterThan(20 * 60_000)
})

test('some collect requests expire, with their own code', () => {
  const flows = flowsOf(bankOf('SBIN'), { channel: 'COLLECT' })
  const expired = flows.filter((steps) => lastOf(steps).status === 'EXPIRED')
  expect(expired.length / DRAWS).toBeCloseTo(0.18, 1)
  for (const steps of expired) {
    expect(steps.map((step) => step.status)).toEqual(['PENDING', 'EXPIRED'])
    expect(lastOf(steps).code).toBe('U69')
  }
})

test('some codes come in their wrapper, few without a code; every inner code is known', () => {
  const failed = flowsOf(bankOf('AIRP'))
    .map(lastOf)
    .filter(({ status }) => status === 'FAILED')
  const wrapped = failed.filter((step) => step.code.includes('|'))
  expect(wrapped.length / failed.length).toBeCloseTo(0.15, 1)
  expect(wrapped.some((step) => /^U30\|DEBIT HAS BEEN FAILED\|Z9\|/.test(step.code))).toBe(true)
  for (const step of failed) if (step.code !== 'U30') expect(classOf(step)).not.toBeNull()
  expect(failed.some((step) => step.code === 'U30')).toBe(true)
})
