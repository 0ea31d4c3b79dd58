import { accept, type Reject, type Result } from './result.ts'

/** An amount as a decimal literal, taken apart without a float: value = digits × 10^exponent. */
interface Decimal {
  readonly negative: boolean
  /** No leading and no trailing zeros; empty for zero. */
  readonly digits: string
  readonly exponent: number
}

const DECIMAL_TEXT = /^-?[0-9]+(?:\.[0-9]+)?$/
const JSON_NUMBER = /^(-?)(0|[1-9][0-9]*|[0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/

const ZERO = '0'.charCodeAt(0)
const POINT = '.'.charCodeAt(0)

// So many paise are a whole number to JavaScript as well.
const USUAL_DIGITS_MAX = 10

// Far above numeric(14,2); a literal with more digits before the point is over any limit and is never expanded.
const INTEGER_DIGITS_MAX = 30

/**
 * Reads an amount from its literal and applies the four amount rules in order.
 * `literal` is a JSON string's content (`grammar: 'text'`) or the source of a JSON number (`grammar: 'number'`).
 * The value is the rupee amount with exactly two decimals.
 */
export function parseAmount(
  literal: string,
  options: { grammar: 'text' | 'number'; limitPaise: bigint },
): Result<string> {
  const usual = readUsual(literal)
  if (usual !== undefined && usual > 0 && BigInt(usual) <= options.limitPaise) {
    return accept(formatPaise(usual))
  }
  const decimal = readDecimal(literal, options.grammar)
  if (decimal === undefined) {
    return { ok: false, reasons: [{ code: 'AMOUNT_NOT_DECIMAL', detail: 'amount' }] }
  }
  const reasons: Reject[] = []
  if (decimal.exponent < -2) reasons.push({ code: 'AMOUNT_SCALE', detail: 'amount' })
  if (decimal.negative || decimal.digits === '') {
    reasons.push({ code: 'AMOUNT_NOT_POSITIVE', detail: 'amount' })
  } else if (isOver(decimal, options.limitPaise)) {
    reasons.push({ code: 'AMOUNT_OVER_LIMIT', detail: 'amount' })
  }
  return reasons.length > 0 ? { ok: false, reasons } : accept(formatRupees(paiseOf(decimal)))
}

/** Turns a decimal string with at most two decimals into paise; for values that are already clean. */
export function toPaise(rupees: string): bigint {
  const decimal = readDecimal(rupees, 'text')
  if (decimal === undefined || decimal.exponent < -2)
    throw new RangeError('not an amount in rupees')
  return decimal.negative ? -paiseOf(decimal) : paiseOf(decimal)
}

/** Paise as rupees with two decimals, as Postgres prints numeric(14,2). */
export function formatRupees(paise: bigint): string {
  const sign = paise < 0n ? '-' : ''
  const text = (paise < 0n ? -paise : paise).toString().padStart(3, '0')
  return `${sign}${text.slice(0, -2)}.${text.slice(-2)}`
}

/** Rupees grouped the Indian way: 12,34,567.89. */
export function groupIndian(rupees: string): string {
  const [whole = '0', fraction] = rupees.replace('-', '').split('.')
  const head = whole.slice(0, -3).replace(/\B(?=(\d{2})+(?!\d))/g, ',')
  const grouped = head === '' ? whole : `${head},${whole.slice(-3)}`
  return `${rupees.startsWith('-') ? '-' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`
}

/** Nearly every amount: a few digits with two decimals, in paise; undefined for whatever else an amount may look like. */
function readUsual(literal: string): number | undefined {
  const point = literal.length - 3
  if (point < 1 || point > USUAL_DIGITS_MAX || literal.charCodeAt(point) !== POINT) return undefined
  // JSON knows no leading zeros.
  if (literal.charCodeAt(0) === ZERO && point > 1) return undefined
  let paise = 0
  for (let i = 0; i < literal.length; i++) {
    if (i === point) continue
    const digit = literal.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9) return undefined
    paise = 10 * paise + digit
  }
  return paise
}

function formatPaise(paise: number): string {
  const rest = paise % 100
  return `${(paise - rest) / 100}.${rest < 10 ? '0' : ''}${rest}`
}

function readDecimal(literal: string, grammar: 'text' | 'number'): Decimal | undefined {
  if (grammar === 'text' && !DECIMAL_TEXT.test(literal)) return undefined
  const match = JSON_NUMBER.exec(literal)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const leadless = `${whole}${fraction}`.replace(/^0+/, '')
  const digits = leadless.slice(0, endWithoutZeros(leadless))
  if (digits === '') return { negative: false, digits, exponent: 0 }
  const trailingZeros = leadless.length - digits.length
  return {
    negative: sign === '-',
    digits,
    exponent: Number(exponent) - fraction.length + trailingZeros,
  }
}

// By hand: /0+$/ tries each run of zeros anew, and takes seconds for a literal of 64 KiB that somebody has made for it.
function endWithoutZeros(digits: string): number {
  let end = digits.length
  while (end > 0 && digits.charCodeAt(end - 1) === ZERO) end--
  return end
}

function isOver(decimal: Decimal, limitPaise: bigint): boolean {
  const integerDigits = decimal.digits.length + decimal.exponent
  if (integerDigits > INTEGER_DIGITS_MAX) return true
  if (decimal.exponent >= -2) return paiseOf(decimal) > limitPaise
  // More than two decimals: already refused for its scale; compare what is left of it, rounded up.
  const kept = decimal.digits.slice(0, Math.max(0, integerDigits + 2))
  return BigInt(kept === '' ? 0 : kept) >= limitPaise
}

function paiseOf(decimal: Decimal): bigint {
  if (decimal.digits === '') return 0n
  return BigInt(decimal.digits) * 10n ** BigInt(decimal.exponent + 2)
}
