import { istDay, istHalfHour } from './ist-clock.ts'

/** How long one step of the profile lasts. Indian half hours begin with those of UTC. */
export const PROFILE_STEP_MS = 30 * 60_000

/**
 * Volume by half hour of the Indian day, one row an hour. The peaks are those that NPCI's API rules
 * name, 10:00 to 13:00 and 17:00 to 21:30 (domain notes 3.4); the curve between them is our
 * estimate, since NPCI publishes no hourly figures.
 */
export const HALF_HOUR_WEIGHTS = [
  [22, 17], // 00
  [13, 10],
  [8, 7],
  [6, 6],
  [7, 9],
  [14, 20], // 05
  [30, 42],
  [55, 66],
  [76, 86],
  [96, 106],
  [120, 126], // 10, peak
  [130, 132],
  [134, 132],
  [112, 106],
  [100, 96],
  [96, 98], // 15
  [104, 110],
  [126, 134], // 17, peak until 21:30
  [146, 152],
  [156, 156],
  [150, 144], // 20
  [132, 104],
  [84, 66],
  [48, 34],
].flat()

/**
 * Volume by weekday from Monday; our estimate: shopping lifts Friday and Saturday, closed offices
 * lower Sunday.
 */
const WEEKDAY_WEIGHTS = [0.98, 0.97, 0.98, 1, 1.04, 1.07, 0.96]

/** The weight of the half hour that holds an instant, relative to other half hours. */
export function volumeWeight(instant: number): number {
  const weekday = (istDay(instant) + 3) % 7 // Day 0, 1970-01-01, was a Thursday.
  const halfHour = HALF_HOUR_WEIGHTS[istHalfHour(instant)] as number
  return halfHour * (WEEKDAY_WEIGHTS[weekday] as number)
}
