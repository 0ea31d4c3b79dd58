const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const INDIA_AHEAD_MS = 330 * 60_000

/** A business date as people read it: 1 Feb 2026. */
export function dayText(date: string): string {
  const [year, month, day] = date.split('-')
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`
}

/** An instant as clocks in India show it. */
export function instantText(at: Date): string {
  const text = new Date(at.getTime() + INDIA_AHEAD_MS).toISOString()
  return `${dayText(text.slice(0, 10))}, ${text.slice(11, 16)} IST`
}

/** A whole number with thin spaces between thousands. */
export function countText(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** About how many. */
export function aboutText(count: number): string {
  if (count < 10_000) return countText(count)
  if (count < 1_000_000) return `${Math.round(count / 1000)} k`
  return `${(count / 1_000_000).toFixed(1)} M`
}

/** Seconds, as exactly as they matter. */
export function secondsText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  return seconds < 100 ? `${seconds.toFixed(2)} s` : `${Math.round(seconds / 60)} min`
}
