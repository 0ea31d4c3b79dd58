import { areContradicting, mergePayments } from '../../core/merge.ts'
import type { Payment } from '../../core/payment.ts'
import { addDays } from '../../core/time.ts'

/** An accepted message, run through the pipeline again. */
export interface AcceptedMessage {
  /** Topic, epoch and partition: messages of one place are in the order of their offsets. */
  readonly place: string
  /** Place and offset. */
  readonly at: string
  readonly payment: Payment
}

/** A row of clean, and how many messages it says it is made of. */
export interface StoredRow {
  readonly payment: Payment
  readonly messages: number
}

/** A line of the log of conflicts. */
export interface LoggedConflict {
  readonly at: string
  readonly kind: 'identity' | 'status'
}

/** All that the database has of one transaction. */
export interface Transaction {
  readonly txnId: string
  /** In the order in which a rebuild folds them: by Kafka's time, partition and offset. */
  readonly messages: readonly AcceptedMessage[]
  readonly rows: readonly StoredRow[]
  readonly conflicts: readonly LoggedConflict[]
}

/** Which book a finding belongs to, and what is wrong. */
export interface Finding {
  readonly book: 'fold' | 'messages' | 'conflicts'
  readonly found: string
  readonly expected: string
}

/** What is wrong with a transaction, and whether there is something that only a rebuild can settle. */
export interface Verdict {
  readonly findings: readonly Finding[]
  readonly waits: boolean
}

const FINE: Verdict = { findings: [], waits: false }
const WAITS: Verdict = { findings: [], waits: true }

/** Compares the rows of one transaction with the fold of its messages, and its conflicts with those that there are. */
export function checkTransaction({ messages, rows, conflicts }: Transaction): Verdict {
  const [row] = rows
  if (row === undefined && messages.length === 0) {
    if (conflicts.length === 0) return FINE
    return failed('conflicts', 'a conflict', 'none: no message is of its transaction')
  }
  if (row === undefined) return failed('fold', 'no row', `a row of ${messages.length} messages`)
  if (messages.length === 0) return failed('fold', 'a row', 'none: raw has no message of it')
  const identities = new Set(rows.map(({ payment }) => identityOf(payment)))
  // Far apart and at odds about who paid whom: which message belongs to which row only the arrival has known.
  if (identities.size > 1) return WAITS
  if (rows.some((each, index) => isNeighbour(rows[index - 1], each))) {
    return failed('fold', 'rows on neighbouring days', 'one row')
  }
  const identity = identityOf(row.payment)
  const own = messages.filter(({ payment }) => identityOf(payment) === identity)
  const waits = rows.length > 1 || isClaimedElsewhere(messages, identity)
  const findings = [
    ...checkIdentity(messages, identity, waits),
    ...checkFold(own, rows),
    ...checkCount(own, rows),
    ...checkIdentityConflicts(messages, { identity, conflicts }),
    ...(rows.length > 1 ? [] : checkStatusConflicts(own, conflicts)),
  ]
  return { findings, waits }
}

/** What all messages of a row agree on. */
function identityOf({ amount, payer_key, payee_key }: Payment): string {
  return `${amount} ${payer_key.toString('hex')} ${payee_key.toString('hex')}`
}

function failed(book: Finding['book'], found: string, expected: string): Verdict {
  return { findings: [{ book, found, expected }], waits: false }
}

function isNeighbour(before: StoredRow | undefined, row: StoredRow): boolean {
  if (before === undefined) return false
  return row.payment.business_date <= addDays(before.payment.business_date, 1)
}

// Which of two partitions was first is settled by Kafka's time at a rebuild, and until then by arrival.
function isClaimedElsewhere(messages: readonly AcceptedMessage[], identity: string): boolean {
  const [first] = messages
  return first !== undefined && identityOf(first.payment) !== identity
}

function checkIdentity(
  messages: readonly AcceptedMessage[],
  identity: string,
  waits: boolean,
): Finding[] {
  if (!waits) return []
  const firsts = new Map<string, string>()
  for (const { place, payment } of messages) {
    if (!firsts.has(place)) firsts.set(place, identityOf(payment))
  }
  if ([...firsts.values()].includes(identity)) return []
  const expected = 'those of the first message of a partition'
  return [{ book: 'fold', found: 'amount, payer or payee of a later message', expected }]
}

function checkFold(own: readonly AcceptedMessage[], rows: readonly StoredRow[]): Finding[] {
  const [first, ...rest] = own.map(({ payment }) => payment)
  if (first === undefined) {
    return [{ book: 'fold', found: 'amount, payer or payee', expected: 'those of some message' }]
  }
  const expected = rest.reduce(mergePayments, first)
  // Rows that are far apart are folded too: together they must say what their messages say.
  const found = rows.map(({ payment }) => payment).reduce(mergePayments)
  const differing = (Object.keys(expected) as (keyof Payment)[]).filter(
    (field) => !isEqual(found[field], expected[field]),
  )
  if (differing.length === 0) return []
  return [{ book: 'fold', found: `another ${differing.join(', ')}`, expected: 'the fold of raw' }]
}

function isEqual(a: Payment[keyof Payment], b: Payment[keyof Payment]): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b
}

function checkCount(own: readonly AcceptedMessage[], rows: readonly StoredRow[]): Finding[] {
  const found = rows.reduce((sum, { messages }) => sum + messages, 0)
  if (found === own.length) return []
  return [{ book: 'messages', found: String(found), expected: String(own.length) }]
}

function checkIdentityConflicts(
  messages: readonly AcceptedMessage[],
  { identity, conflicts }: { identity: string; conflicts: readonly LoggedConflict[] },
): Finding[] {
  const expected = messages
    .filter(({ payment }) => identityOf(payment) !== identity)
    .map(({ at }) => at)
  const found = conflicts.filter(({ kind }) => kind === 'identity').map(({ at }) => at)
  const [missing] = expected.filter((at) => !found.includes(at))
  const [extra] = found.filter((at) => !expected.includes(at))
  if (missing !== undefined) {
    return [{ book: 'conflicts', found: 'none', expected: `an identity conflict at ${missing}` }]
  }
  if (extra === undefined) return []
  return [{ book: 'conflicts', found: `an identity conflict at ${extra}`, expected: 'none there' }]
}

/** Which of its messages is the one that contradicts depends on their arrival; that there is one does not. */
function checkStatusConflicts(
  own: readonly AcceptedMessage[],
  conflicts: readonly LoggedConflict[],
): Finding[] {
  const statuses = [...new Set(own.map(({ payment }) => payment.status))]
  const contradicted = new Set(
    statuses.filter((status) => statuses.some((other) => areContradicting(status, other))),
  )
  const logged = conflicts.filter(({ kind }) => kind === 'status')
  const days = new Set(own.map(({ payment }) => payment.business_date))
  // One that brought two rows together tells that those contradict each other.
  const isBetween = ({ business_date }: Payment) =>
    contradicted.size > 0 && [-1, 1].every((step) => days.has(addDays(business_date, step)))
  const expected = own
    .filter(({ payment }) => contradicted.has(payment.status) || isBetween(payment))
    .map(({ at }) => at)
  const wrong = logged.find(({ at }) => !expected.includes(at))
  if (wrong !== undefined) {
    return [
      { book: 'conflicts', found: `a status conflict at ${wrong.at}`, expected: 'none there' },
    ]
  }
  if (expected.length === 0 || logged.length > 0) return []
  return [{ book: 'conflicts', found: 'no status conflict', expected: 'at least one' }]
}
