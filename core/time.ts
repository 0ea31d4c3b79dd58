import { accept, type Result, refuse } from './result.ts'

/** An instant: microseconds since 1970 UTC. Safe integers reach the year 2255. */
export type Micros = number

/** A day in Asia/Kolkata as YYYY-MM-DD. */
export type BusinessDate = string

/** A minute, in microseconds. */
export const MINUTE_MICROS = 60_000_000

const IST_OFFSET_MS = 330 * 60_000
const DAY_MS = 86_400_000

const ISO_INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?$/

/**
 * Reads an ISO 8601 date and time. Digits beyond microseconds are cut, never rounded, so that no instant moves to
 * the next day. `naiveOffsetMinutes` is used for a text without a zone; when undefined such a text is refused.
 */
export function parseInstant(text: string, naiveOffsetMinutes?: number): Result<Micros> {
  const match = ISO_INSTANT.exec(text)
  if (match === null) return refuse('TIMESTAMP_FORMAT', 'timestamp')
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone] = match
  const wall = wallMillis(Number(year), Number(month), Number(day))
  const offset = zone === undefined ? naiveOffsetMinutes : zoneMinutes(zone)
  const clock = clockMillis(Number(hour), Number(minute), Number(second))
  if (wall === undefined || clock === undefined || Number.isNaN(offset)) {
    return refuse('TIMESTAMP_FORMAT', 'timestamp')
  }
  if (offset === undefined) return refuse('TIMESTAMP_NO_ZONE', 'timestamp')
  const millis = wall + clock - offset * 60_000
  const micros = millis * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
  // Beyond 2255 a double no longer tells one microsecond from the next.
  return Number.isSafeInteger(micros) ? accept(micros) : refuse('TIMESTAMP_FORMAT', 'timestamp')
}

/** The day in Asia/Kolkata to which an instant belongs. India has one zone and no summer time. */
export function businessDateOf(instant: Micros): BusinessDate {
  const dayNumber = Math.floor((Math.floor(instant / 1000) + IST_OFFSET_MS) / DAY_MS)
  return dateOfDayNumber(dayNumber)
}

/** The UTC day of an instant in milliseconds. */
export function utcDateOf(millis: number): string {
  return dateOfDayNumber(Math.floor(millis / DAY_MS))
}

/** A date so many days later (or earlier, if negative). */
export function addDays(date: BusinessDate, days: number): BusinessDate {
  return dateOfDayNumber(dayNumberOf(date) + days)
}

/** The first instant of a business date, in milliseconds: 18:30 UTC the day before. */
export function startOfBusinessDate(date: BusinessDate): number {
  return dayNumberOf(date) * DAY_MS - IST_OFFSET_MS
}

/** True for a real calendar day written YYYY-MM-DD. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (match === null) return false
  return wallMillis(Number(match[1]), Number(match[2]), Number(match[3])) !== undefined
}

/** An instant as Postgres and people read it: UTC with microseconds. */
export function formatInstant(instant: Micros): string {
  const millis = Math.floor(instant / 1000)
  const rest = String(instant - millis * 1000).padStart(3, '0')
  return `${new Date(millis).toISOString().slice(0, -1)}${rest}Z`
}

// A batch has few days and many rows; the text and the number of a day are made once.
const dates = new Map<number, string>()
const dayNumbers = new Map<string, number>()
const DATES_MAX = 4096

function dateOfDayNumber(dayNumber: number): string {
  const known = dates.get(dayNumber)
  if (known !== undefined) return known
  const text = new Date(dayNumber * DAY_MS).toISOString().slice(0, 10)
  if (dates.size >= DATES_MAX) dates.clear()
  dates.set(dayNumber, text)
  return text
}

/** Days since 1970-01-01. */
export function dayNumberOf(date: string): number {
  const known = dayNumbers.get(date)
  if (known !== undefined) return known
  const dayNumber = Date.parse(`${date}T00:00:00Z`) / DAY_MS
  if (!Number.isInteger(dayNumber)) throw new RangeError(`not a date: ${date}`)
  if (dayNumbers.size >= DATES_MAX) dayNumbers.clear()
  dayNumbers.set(date, dayNumber)
  return dayNumber
}

function wallMillis(year: number, month: number, day: number): number | undefined {
  const millis = Date.UTC(year, month - 1, day)
  const date = new Date(millis)
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year >= 1900
  return real ? millis : undefined
}

function clockMillis(hour: number, minute: number, second: number): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined
  return ((hour * 60 + minute) * 60 + second) * 1000
}

function zoneMinutes(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || '0')
  if (hours > 18 || minutes > 59) return Number.NaN
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
