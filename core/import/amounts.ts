import { formatRupees } from '../money.ts'

/** What one of an amount's column is worth. */
export const UNITS = ['rupees', 'paise'] as const

export type Unit = (typeof UNITS)[number]

const CURRENCY = /^(-?)\s*(?:₹|rs\.?|inr)?\s*(-?)([0-9.,]+)(?:\s*(?:₹|rs\.?|inr|\/-))?$/i
const PLAIN = /^[0-9]+(?:\.[0-9]+)?$/
// 1,000,000 and 10,00,000; what is grouped otherwise may be a decimal comma.
const GROUPED = /^(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3})(?:\.[0-9]+)?$/

/**
 * Reads an amount as people and spreadsheets write it, with its sign, currency and grouping, and gives decimal rupees of
 * the same value to the last digit. Undefined for everything that could mean two things, or nothing.
 */
export function readAmount(text: string, unit: Unit): string | undefined {
  const decimal = readDecimal(text)
  return decimal === undefined || unit === 'rupees' ? decimal : paiseToRupees(decimal)
}

function readDecimal(text: string): string | undefined {
  if (PLAIN.test(text)) return text
  const match = CURRENCY.exec(text)
  if (match === null) return undefined
  const [, before = '', after = '', digits = ''] = match
  if (before !== '' && after !== '') return undefined
  if (!PLAIN.test(digits) && !GROUPED.test(digits)) return undefined
  return `${before}${after}${digits.replaceAll(',', '')}`
}

// A part of a paisa is no amount of money, zeros after the point are none.
function paiseToRupees(decimal: string): string | undefined {
  const match = /^(-?[0-9]{1,30})(?:\.0+)?$/.exec(decimal)
  return match === null ? undefined : formatRupees(BigInt(match[1] as string))
}
