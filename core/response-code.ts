import { DECLINE_CODES, type DeclineClass } from './decline-codes.ts'

/**
 * The code that says why: of a wrapper such as `U30|DEBIT HAS BEEN FAILED|Z9|INSUFFICIENT FUNDS` the bank's inner
 * code Z9, else the code itself, upper-cased.
 */
export function innerCode(responseCode: string): string | null {
  const [outer = '', , inner] = responseCode.split('|').map((part) => part.trim().toUpperCase())
  return inner || outer || null
}

/** TD or BD by the table that was in force on a date; null for codes that are no decline, or unknown. */
export function declineClassOf(code: string, date: string): DeclineClass | null {
  const rows = DECLINE_CODES[code]
  if (rows === undefined) return null
  let latest: DeclineClass | null = null
  for (const row of rows) if (row.since <= date) latest = row.class
  return latest
}
