import type { Category } from './categories.ts'
import { LIMIT_RUPEES } from './categories.ts'
import type { Random } from './random.ts'

/** An amount to be drawn: log-normal around a mean in rupees, up to a limit, partly round. */
export interface AmountHabit {
  readonly ticketRupees: number
  readonly sigma: number
  readonly round: number
  readonly limitRupees: number
}

/**
 * Transfers between people: mean ₹2,541 (July 2025, domain notes 3.3); spread and roundness are our
 * estimate.
 */
export const PERSON_HABIT: AmountHabit = {
  ticketRupees: 2541 * 1.015, // The limit of one lakh cuts 1.5 % off the mean.
  sigma: 1.3,
  round: 0.85,
  limitRupees: LIMIT_RUPEES,
}

/** Draws an amount in whole paise, between ₹1 and the limit. */
export function drawPaise(habit: AmountHabit | Category, random: Random): number {
  const median = habit.ticketRupees * Math.exp((-habit.sigma * habit.sigma) / 2)
  const limit = habit.limitRupees * 100
  const isRound = random.chance(habit.round)
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const drawn = Math.round(random.logNormal(median, habit.sigma) * 100)
    const paise = isRound ? roundOff(drawn, random) : endOff(drawn, random)
    if (paise <= limit) return Math.max(paise, PAISE_MIN)
  }
  return limit
}

/** Whole paise as rupees with two decimals. */
export function rupeesOf(paise: number): string {
  const rupees = Math.floor(paise / 100)
  return `${rupees}${CENTS[paise - rupees * 100]}`
}

const PAISE_MIN = 100

// Redraws above the limit; each is above it in one of fifty at the most, so that this is never
// reached.
const TRIES_MAX = 16

const CENTS = Array.from({ length: 100 }, (_, paise) => `.${String(paise).padStart(2, '0')}`)

// Round amounts by size, in rupees: below the bound, to a multiple of one of these.
const ROUNDINGS: readonly (readonly [below: number, steps: readonly number[]])[] = [
  [20, [1, 5, 5]],
  [100, [5, 10, 10, 10]],
  [500, [10, 10, 20, 50]],
  [2000, [50, 50, 100]],
  [10_000, [100, 500, 500]],
  [Number.POSITIVE_INFINITY, [500, 1000, 1000]],
]

function roundOff(paise: number, random: Random): number {
  for (const [below, steps] of ROUNDINGS) {
    if (paise >= below * 100) continue
    const step = random.pick(steps) * 100
    return Math.max(step, Math.round(paise / step) * step)
  }
  return paise
}

// Bills: half in whole rupees, some with .50 or .99, the rest to the paisa.
function endOff(paise: number, random: Random): number {
  const rupees = Math.floor(paise / 100) * 100
  const ending = random.uniform()
  if (ending < 0.5) return rupees
  if (ending < 0.6) return rupees + 50
  if (ending < 0.7) return rupees + 99
  return paise
}
