import { accept, type Result, refuse } from './result.ts'

/** An instant: microseconds since 1970 UTC. Safe integers reach the year 2255. */
export type Micros = number

/** A day in Asia/Kolkata as YYYY-MM-DD. */
export type BusinessDate = string

/** A minute, in microseconds. */
export const MINUTE_MICROS = 60_000_000

const IST_OFFSET_MS = 330 * 60_000
const DAY_MS = 86_400_000

/**
 * Reads an ISO 8601 date and time. Digits beyond microseconds are cut, never rounded, so that no instant moves to
 * the next day. `naiveOffsetMinutes` is used for a text without a zone; when undefined such a text is refused.
 *
 *     instant  = date ("T" | "t" | " ") hour ":" minute [":" second [("." | ",") 1*digit]] [zone]
 *     zone     = "Z" | "z" | ("+" | "-") hour [[":"] minute]
 */
export function parseInstant(text: string, naiveOffsetMinutes?: number): Result<Micros> {
  const hasSeconds = text[SECONDS_AT] === ':'
  const fractionAt = SECONDS_AT + 3
  const hasFraction = hasSeconds && (text[fractionAt] === '.' || text[fractionAt] === ',')
  const clockEnd = hasSeconds ? fractionAt : SECONDS_AT
  const zoneAt = hasFraction ? endOfDigits(text, fractionAt + 1) : clockEnd
  const wall = dateMillis(text)
  const clock = clockMillis(text, hasSeconds)
  const offset = zoneAt === text.length ? naiveOffsetMinutes : zoneMinutes(text, zoneAt)
  const isCut = hasFraction && zoneAt === fractionAt + 1
  if (wall === undefined || Number.isNaN(clock) || Number.isNaN(offset) || isCut) {
    return refuse('TIMESTAMP_FORMAT', 'timestamp')
  }
  if (offset === undefined) return refuse('TIMESTAMP_NO_ZONE', 'timestamp')
  const fraction = hasFraction ? microsOf(text, fractionAt + 1, zoneAt) : 0
  const micros = (wall + clock - offset * 60_000) * 1000 + fraction
  // Beyond 2255 a double no longer tells one microsecond from the next.
  return Number.isSafeInteger(micros) ? accept(micros) : refuse('TIMESTAMP_FORMAT', 'timestamp')
}

// Where the seconds begin, if there are any: after 2026-02-01T10:30.
const SECONDS_AT = 16

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

/** Minutes east of UTC of a zone as settings and mappings name it; undefined for one that is not known. */
export function parseZone(zone: string): number | undefined {
  if (zone === 'Asia/Kolkata' || zone === 'IST') return 330
  if (zone === 'UTC') return 0
  const minutes = /^([Zz]|[+-]\d\d:\d\d)$/.test(zone) ? zoneMinutes(zone, 0) : Number.NaN
  return Number.isNaN(minutes) ? undefined : minutes
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

// Instants come in the order of days: the day is worked out when it changes.
let lastDay = { year: 0, month: 0, day: 0, millis: undefined as number | undefined }

function dateMillis(text: string): number | undefined {
  if (text[4] !== '-' || text[7] !== '-' || !isBetween(text[10])) return undefined
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2)]
  if (day === lastDay.day && month === lastDay.month && year === lastDay.year) return lastDay.millis
  lastDay = { year, month, day, millis: wallMillis(year, month, day) }
  return lastDay.millis
}

function isBetween(character: string | undefined): boolean {
  return character === 'T' || character === 't' || character === ' '
}

// NaN for what is no clock.
function clockMillis(text: string, hasSeconds: boolean): number {
  const hour = digits(text, 11, 2)
  const minute = digits(text, 14, 2)
  const second = hasSeconds ? digits(text, SECONDS_AT + 1, 2) : 0
  if (text[13] !== ':' || hour > 23 || minute > 59 || second > 59) return Number.NaN
  return ((hour * 60 + minute) * 60 + second) * 1000
}

function zoneMinutes(text: string, at: number): number {
  const rest = text.length - at
  const sign = text[at]
  if (sign === 'Z' || sign === 'z') return rest === 1 ? 0 : Number.NaN
  const hasColon = text[at + 3] === ':'
  const hours = digits(text, at + 1, 2)
  const minutes = rest === 3 ? 0 : digits(text, at + (hasColon ? 4 : 3), 2)
  const isWhole = rest === 3 || rest === (hasColon ? 6 : 5)
  if ((sign !== '+' && sign !== '-') || !isWhole || hours > 18 || minutes > 59) return Number.NaN
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}

function microsOf(text: string, from: number, to: number): number {
  const kept = Math.min(6, to - from)
  return digits(text, from, kept) * 10 ** (6 - kept)
}

function endOfDigits(text: string, from: number): number {
  let end = from
  while (isDigit(text.charCodeAt(end))) end++
  return end
}

/** So many decimal digits as a number; NaN where one of them is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const code = text.charCodeAt(i)
    if (!isDigit(code)) return Number.NaN
    value = 10 * value + code - 48
  }
  return value
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
