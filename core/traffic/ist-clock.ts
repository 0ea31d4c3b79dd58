const IST_OFFSET_MS = 19_800_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const SECONDS = Array.from({ length: 60 }, (_, s) => `${String(s).padStart(2, '0')}.`)
const MILLIS = Array.from({ length: 1000 }, (_, ms) => `${String(ms).padStart(3, '0')}+05:30`)

/**
 * Writes instants in Indian time; it remembers the last minute and hour, since neighbours share
 * them.
 */
export class IstClock {
  private minute = Number.NaN
  private minuteText = ''
  private hour = Number.NaN
  private hourText = ''

  /** An instant as NPCI writes it: 2026-02-01T10:30:00.123+05:30. */
  timestamp(instant: number): string {
    const minute = Math.floor(instant / MINUTE_MS)
    if (minute !== this.minute) {
      this.minute = minute
      this.minuteText = new Date(minute * MINUTE_MS + IST_OFFSET_MS).toISOString().slice(0, 17)
    }
    const rest = instant - minute * MINUTE_MS
    const second = Math.floor(rest / 1000)
    return this.minuteText + (SECONDS[second] as string) + (MILLIS[rest - second * 1000] as string)
  }

  /**
   * The first six digits of a retrieval reference number: last digit of the year, day of the year,
   * hour.
   */
  yearDayHour(instant: number): string {
    const hour = Math.floor((instant + IST_OFFSET_MS) / HOUR_MS)
    if (hour !== this.hour) {
      this.hour = hour
      this.hourText = writeYearDayHour(new Date(hour * HOUR_MS))
    }
    return this.hourText
  }
}

/** The number of the Indian day of an instant, counted from 1970-01-01. */
export function istDay(instant: number): number {
  return Math.floor((instant + IST_OFFSET_MS) / DAY_MS)
}

/** The half hour of the Indian day, 0 to 47. */
export function istHalfHour(instant: number): number {
  return Math.floor(((instant + IST_OFFSET_MS) % DAY_MS) / (HOUR_MS / 2))
}

/** The instant at which an Indian day begins. */
export function istDayStart(day: number): number {
  return day * DAY_MS - IST_OFFSET_MS
}

function writeYearDayHour(local: Date): string {
  const year = local.getUTCFullYear()
  const dayOfYear = Math.floor((local.getTime() - Date.UTC(year, 0, 1)) / DAY_MS) + 1
  const hour = String(local.getUTCHours()).padStart(2, '0')
  return `${year % 10}${String(dayOfYear).padStart(3, '0')}${hour}`
}
