/** Technical or business decline, as NPCI divides them. */
export type DeclineClass = 'TD' | 'BD'

interface DeclineRow {
  readonly class: DeclineClass | null
  /** First business date on which this row holds. */
  readonly since: string
  readonly about: string
}

const BEFORE_ALL = '2016-01-01'

/**
 * NPCI and bank response codes, dated reference data: rules change every few months, a change is a new row.
 * Codes that mean success, pending, deemed or a reversal have no class; U30 and U31 are wrappers whose inner code counts.
 */
export const DECLINE_CODES: Readonly<Record<string, readonly DeclineRow[]>> = {
  ...codes('BD', {
    '59': 'suspected fraud',
    B1: 'mobile number changed',
    B3: 'transaction not permitted to account',
    B6: 'payment details mismatch',
    U01: 'duplicate request',
    U02: 'amount cap exceeded',
    U03: 'net debit cap exceeded',
    U16: 'risk threshold exceeded',
    U29: 'address resolution failed',
    U66: 'device fingerprint mismatch',
    U69: 'collect expired',
    U96: 'payer and payee account are the same',
    XB: 'invalid transaction, remitter',
    XC: 'invalid transaction, beneficiary',
    XH: 'account does not exist, remitter',
    XI: 'account does not exist, beneficiary',
    YE: 'account blocked, remitter',
    YF: 'account blocked, beneficiary',
    Z6: 'PIN tries exceeded',
    Z7: 'frequency limit',
    Z8: 'per-transaction limit',
    Z9: 'insufficient funds',
    ZA: 'declined by customer',
    ZE: 'VPA not permitted',
    ZG: 'VPA restricted',
    ZH: 'invalid virtual address',
    ZM: 'wrong UPI PIN',
    ZU: 'limit exceeded for remitting bank',
    ZX: 'dormant account, remitter',
    ZY: 'dormant account, beneficiary',
  }),
  ...codes('TD', {
    '96': 'system malfunction',
    U09: 'authorisation request timed out',
    U17: 'PSP not registered',
    U28: 'PSP not available',
    U67: 'debit timed out',
    U68: 'credit timed out',
    U70: 'late response received',
    U78: 'beneficiary bank offline',
    U82: 'read timeout on debit leg',
    U85: 'connect timeout on debit leg',
    U87: 'read timeout on credit leg',
    U88: 'connect timeout on credit leg',
    UB: 'internal exception at beneficiary',
    UP: 'PSP timeout',
  }),
  ...codes(null, {
    '00': 'approved',
    '01': 'pending',
    '21': 'full reversal',
    '32': 'partial reversal',
    RB: 'deemed',
    U30: 'debit failed, wrapper',
    U31: 'credit failed, wrapper',
    U32: 'credit revert failed',
    U33: 'debit revert failed',
    U34: 'reverted',
  }),
}

function codes(kind: DeclineClass | null, abouts: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(abouts).map(([code, about]) => [
      code,
      [{ class: kind, since: BEFORE_ALL, about }],
    ]),
  )
}
