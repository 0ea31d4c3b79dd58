import { addDays, type BusinessDate, businessDateOf } from '../core/time.ts'

/** The business date at an instant in milliseconds. */
export function businessDateAt(millis: number): BusinessDate {
  return businessDateOf(millis * 1000)
}

/** The last business date that was over at an instant in milliseconds. */
export function dayThatEnded(millis: number): BusinessDate {
  return addDays(businessDateAt(millis), -1)
}
