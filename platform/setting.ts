import { homedir } from 'node:os'
import { isAbsolute, resolve } from 'node:path'
import { formatRupees, toPaise } from '../core/money.ts'
import type { LocalStack } from './local-stack.ts'

/** One row of the settings table. */
export interface Setting<T> {
  readonly env: string
  readonly group: string
  readonly about: string
  readonly fallback?: string
  /** The value that the local stack gives when the environment is silent. */
  readonly local?: (stack: LocalStack) => string | undefined
  readonly parse: Parser<T>
}

/** Turns the text of a setting into its value; throws a sentence that completes "NAME …". */
export interface Parser<T> {
  (text: string): T
  /** Never printed. */
  readonly isSecret?: true
}

/** A setting that always has a value. */
export function setting<T>(
  row: Setting<T> & { fallback: string },
): Setting<T> & { fallback: string }
/** A setting that may be absent. */
export function setting<T>(row: Setting<T>): Setting<T>
export function setting<T>(row: Setting<T>): Setting<T> {
  return row
}

/** Any text. */
export function text(value: string): string {
  return value
}

/** Text that is never printed. */
export const secret: Parser<string> = Object.assign((value: string) => value, {
  isSecret: true as const,
})

/** Letters and digits that are never printed. */
export const secretWord: Parser<string> = Object.assign(
  (value: string) => {
    if (/^[A-Za-z0-9_-]+$/.test(value)) return value
    throw new Error('is not of letters and digits')
  },
  { isSecret: true as const },
)

/** A web address that lets in whoever knows it; never printed. */
export const secretUrl: Parser<string> = Object.assign(
  (value: string) => {
    // Where it is written down $ would begin a variable.
    if (/^https?:\/\//.test(value) && URL.canParse(value)) return value.replaceAll('$', '%24')
    throw new Error('is not a web address')
  },
  { isSecret: true as const },
)

/** Addresses of mail between commas, at least one. */
export function emails(value: string): string {
  const items = list(value)
  if (items.length > 0 && items.every((item) => /^[^\s@;$]+@[\w.-]+$/.test(item)))
    return items.join(',')
  throw new Error('is not name@host, or several between commas')
}

/** A database URL; never printed, for it holds a password. */
export const postgresUrl: Parser<string> = Object.assign(
  (value: string) => {
    if (/^postgres(ql)?:\/\//.test(value) && URL.canParse(value)) return value
    throw new Error('is not of the form postgres://user:password@host:port/name')
  },
  { isSecret: true as const },
)

/** A web address, without a slash at its end. */
export function base(value: string): string {
  if (!URL.canParse(value)) throw new Error('is not a URL')
  return value.replace(/\/+$/, '')
}

/** A folder; `~` is the user's home, a relative path starts where the command was called. */
export function folder(value: string): string {
  const path = value.startsWith('~/') ? `${homedir()}${value.slice(1)}` : value
  return isAbsolute(path) ? path : resolve(path)
}

/** Items between commas; none for the empty text. */
export function list(value: string): readonly string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** Addresses as host:port between commas, at least one. */
export function addresses(value: string): readonly string[] {
  const items = list(value)
  const isAddress = (item: string) => /^([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/.test(item)
  if (items.length === 0 || !items.every(isAddress)) {
    throw new Error('is not host:port, or several between commas')
  }
  return items
}

/** true or false. */
export function flag(value: string): boolean {
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0' || value === '') return false
  throw new Error('is neither true nor false')
}

/** A whole number within bounds. */
export function integer(min: number, max: number): Parser<number> {
  return (value) => {
    const number = Number(value)
    if (!/^[0-9]+$/.test(value) || number < min || number > max) {
      throw new Error(`is not a whole number from ${min} to ${max}`)
    }
    return number
  }
}

/** Rupees up to a bound, kept as text: money never becomes a float. */
export function rupees(maxPaise: bigint): Parser<string> {
  return (value) => {
    if (!/^[0-9]+(\.[0-9]{1,2})?$/.test(value)) throw new Error('is not an amount such as 1000.00')
    if (toPaise(value) > maxPaise) throw new Error(`is more than ${formatRupees(maxPaise)}`)
    return value
  }
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(
  ...words: Words
): Parser<Words[number]> {
  return (value) => {
    if (!words.includes(value)) throw new Error(`is not one of ${words.join(', ')}`)
    return value
  }
}

/** The key of the HMAC over VPAs and its id. */
export interface PiiKey {
  readonly id: string
  readonly secret: Buffer
}

export const piiKey: Parser<PiiKey> = Object.assign(
  (value: string) => {
    const match = /^([A-Za-z0-9_-]{1,32}):([0-9a-fA-F]{64})$/.exec(value)
    if (match === null) throw new Error('is not <key id>:<64 hex digits>')
    return { id: match[1] as string, secret: Buffer.from(match[2] as string, 'hex') }
  },
  { isSecret: true as const },
)
