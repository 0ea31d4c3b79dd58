import { VPA_CHARS_MAX } from './limits.ts'

/** A VPA, trimmed and lower-cased: the form in which it is compared, keyed and joined. */
export interface Vpa {
  readonly text: string
  readonly local: string
  readonly handle: string
}

const VPA = /^[A-Za-z0-9._-]{2,}@[A-Za-z0-9.]{2,}$/

/** Reads local@handle; undefined when it is neither. */
export function parseVpa(raw: string): Vpa | undefined {
  const trimmed = raw.trim()
  // Before lower-casing, which turns some letters of other scripts into ASCII.
  if (trimmed.length > VPA_CHARS_MAX || !VPA.test(trimmed)) return undefined
  const text = trimmed.toLowerCase()
  const at = text.indexOf('@')
  return { text, local: text.slice(0, at), handle: text.slice(at + 1) }
}

/** What people may see of a person's VPA: first two and last character of the local part, and the whole handle. */
export function maskVpa(vpa: Vpa): string {
  const { local, handle } = vpa
  if (local.length < 6) return `${local.slice(0, 1)}***@${handle}`
  return `${local.slice(0, 2)}***${local.slice(-1)}@${handle}`
}

/** Whether a payee is a person, whose VPA is masked, or a merchant, whose VPA is shown. */
export function isPerson(payee: Vpa, type: string | null): boolean {
  if (type === 'P2P' || type === 'REFUND') return true
  if (type !== null) return false
  return /^[0-9]+$/.test(payee.local) || payee.handle.endsWith('.ifsc.npci')
}
