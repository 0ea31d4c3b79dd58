import type { RejectCode } from './errors.ts'

/** Bad data is a value: a result is either what was asked for, or every reason why not. */
export type Result<T> = Accepted<T> | Refused

export interface Accepted<T> {
  readonly ok: true
  readonly value: T
}

export interface Refused {
  readonly ok: false
  readonly reasons: readonly Reject[]
}

/** One broken rule. `detail` names the field and the rule, never the value: values are personal data. */
export interface Reject {
  readonly code: RejectCode
  readonly detail: string
}

/** Wraps a good value. */
export function accept<T>(value: T): Accepted<T> {
  return { ok: true, value }
}

/** Wraps one reason for refusal. */
export function refuse(code: RejectCode, detail: string): Refused {
  return { ok: false, reasons: [{ code, detail }] }
}
