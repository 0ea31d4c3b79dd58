import { PROFILE_STEP_MS, volumeWeight } from './profile.ts'
import type { Random } from './random.ts'

/**
 * Gives the instant at which the next transaction begins, in ascending order; undefined when there
 * is none left.
 */
export type Arrivals = () => number | undefined

/** A range of time and how many transactions begin in it. */
export interface Range {
  readonly from: number
  readonly to: number
  readonly count: number
}

/**
 * Spreads transactions over a range by the hour and the weekday: the range's volume is cut into as
 * many equal parts as there are transactions, and one begins at a random point of each.
 */
export function arrivalsInRange(range: Range, random: Random): Arrivals {
  const total = volumeOf(range)
  let index = 0
  let step = stepAt(range.from, range)
  let before = 0
  return () => {
    if (index >= range.count) return undefined
    const target = ((index + random.at(index).uniform()) / range.count) * total
    index += 1
    while (before + step.volume < target && step.end < range.to) {
      before += step.volume
      step = stepAt(step.end, range)
    }
    const part = Math.min(1, (target - before) / step.volume)
    return Math.min(Math.floor(step.start + part * (step.end - step.start)), step.end - 1)
  }
}

/**
 * Begins transactions at an even rate, with a jitter inside each one's share of the second, for
 * ever or up to a count.
 */
export function arrivalsAtRate(
  live: { from: number; ratePerSecond: number; count: number },
  random: Random,
): Arrivals {
  const gapMs = 1000 / live.ratePerSecond
  let index = 0
  return () => {
    if (index >= live.count) return undefined
    const instant = Math.floor(live.from + (index + random.at(index).uniform()) * gapMs)
    index += 1
    return instant
  }
}

interface Step {
  readonly start: number
  readonly end: number
  readonly volume: number
}

function stepAt(start: number, range: Range): Step {
  const next = (Math.floor(start / PROFILE_STEP_MS) + 1) * PROFILE_STEP_MS
  const end = Math.min(next, range.to)
  return { start, end, volume: volumeWeight(start) * (end - start) }
}

function volumeOf(range: Range): number {
  let total = 0
  for (let start = range.from; start < range.to; ) {
    const step = stepAt(start, range)
    total += step.volume
    start = step.end
  }
  return total
}
