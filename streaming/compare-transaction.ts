import { identityDifferences } from '../core/merge.ts'
import type { Payment } from '../core/payment.ts'
import { checkTransaction } from '../platform/books/check-transaction.ts'
import { placeOf } from '../platform/books/raw-messages.ts'
import type { CleanRow } from '../platform/queries/clean.ts'
import type { LoggedConflictRow } from '../platform/queries/txn-conflicts.ts'
import { type Fold, foldTransaction } from './fold-transaction.ts'
import { type MergeEffect, type Message, mergeTransaction } from './merge-transaction.ts'

/** An accepted message of raw, read again. */
export interface RawMessage extends Message {
  readonly topic: string
  readonly epoch: number
  readonly rawDay: string
  /** The day under which raw has it. */
  readonly rawDate: string
  /** By which rules it was accepted. */
  readonly rulesVersion: string | null
  /** Whether its batch had messages of archived days, which were not merged. */
  readonly maybePending: boolean
}

/** All that the database has of one transaction. */
export interface RawTransaction {
  readonly txnId: string
  /** In the order of Kafka's time, partition and offset. */
  readonly messages: readonly RawMessage[]
  readonly stored: readonly CleanRow[]
  readonly logged: readonly LoggedConflictRow[]
  /** How many of its rows rebuilds before have taken away. */
  readonly absorbedBefore: number
}

/** How a transaction differs from what raw says, and what makes it right. */
export interface Difference {
  readonly reasons: readonly string[]
  readonly effect: MergeEffect
  /** Lines of the log of conflicts that go, and conflicts that are to be logged. */
  readonly unlogged: readonly LoggedConflictRow[]
  readonly logged: Fold<RawMessage>['conflicts']
  /** Messages that raw has under another day. */
  readonly redated: readonly RawMessage[]
  /** What the books have to add so that they are those of the rows. */
  readonly books: RebuildBooks
}

/** Of a transaction's messages nothing comes or goes: what one count gains another loses. */
export interface RebuildBooks {
  readonly inserted: number
  readonly merged: number
  readonly conflicting: number
  readonly pending: number
  readonly absorbed: number
}

/** Compares what clean has of a transaction with the fold of its messages; undefined if that is the same. */
export function compareTransaction(
  transaction: RawTransaction,
  rulesVersion: string,
): Difference | undefined {
  const { messages, stored } = transaction
  const redated = messages.filter(({ payment, rawDate }) => payment.business_date !== rawDate)
  if (redated.length === 0 && isRight(transaction)) return undefined
  const fold = foldTransaction(messages)
  const { row } = fold
  const target = stored.find(({ payment }) => payment.business_date === row?.payment.business_date)
  const kept = row === undefined ? undefined : (target ?? stored[0])
  // A row that stays as it is keeps its payment, by which it is known.
  const isKept = row && kept && differingFields(kept.payment, row.payment).length === 0
  const after = isKept ? { ...row, payment: kept.payment } : row
  const log = logChanges(transaction, fold)
  return {
    reasons: reasonsOf(transaction, { after, log }, rulesVersion),
    effect: effectOf(stored, kept, after),
    ...log,
    redated,
    books: booksOf(transaction, fold),
  }
}

/** Whether rows and conflicts are not as many as the messages: then the books cannot be told from them. */
export function isMiscounted({ messages, stored, logged }: RawTransaction): boolean {
  return countedOf({ stored, logged }) !== messages.length
}

function countedOf({ stored, logged }: Pick<RawTransaction, 'stored' | 'logged'>): number {
  return stored.reduce((sum, row) => sum + row.messages, identitiesIn(logged))
}

function identitiesIn(conflicts: readonly { kind: string }[]): number {
  return conflicts.filter(({ kind }) => kind === 'identity').length
}

function isRight({ txnId, messages, stored, logged }: RawTransaction): boolean {
  if (messages.length === 0 && stored.length === 0) return logged.length === 0
  const { findings, waits } = checkTransaction({
    txnId,
    messages: messages.map((message) => ({
      place: placeOf(placed(message)),
      at: atOf(placed(message)),
      payment: message.payment,
    })),
    rows: stored,
    conflicts: logged.map((line) => ({ at: atOf(line), kind: line.kind })),
  })
  return findings.length === 0 && !waits
}

function placed({ topic, epoch, record }: RawMessage) {
  return { topic, epoch, kafka_partition: record.partition, kafka_offset: record.offset }
}

function atOf(
  row: Pick<LoggedConflictRow, 'topic' | 'epoch' | 'kafka_partition' | 'kafka_offset'>,
) {
  return `${placeOf(row)}/${row.kafka_offset}`
}

function differingFields(a: Payment, b: Payment): (keyof Payment)[] {
  return (Object.keys(b) as (keyof Payment)[]).filter((field) => {
    const [left, right] = [a[field], b[field]]
    return Buffer.isBuffer(left) && Buffer.isBuffer(right) ? !left.equals(right) : left !== right
  })
}

function effectOf(
  stored: readonly CleanRow[],
  kept: CleanRow | undefined,
  after: CleanRow | undefined,
): MergeEffect {
  const counts = { inserted: 0, merged: 0, duplicate: 0, conflicting: 0 }
  const absorbed = stored.filter((each) => each !== kept).map((each) => ({ ...each, stored: each }))
  const rows = after === undefined ? [] : [{ ...after, stored: kept }]
  return { ...counts, rows, absorbed, telling: [], conflicts: [] }
}

type LogChanges = Pick<Difference, 'unlogged' | 'logged'>

/** At which of two messages a conflict of statuses is logged depends on their arrival: what may stand, stands. */
function logChanges(transaction: RawTransaction, { row, conflicts }: Fold<RawMessage>): LogChanges {
  if (isRight({ ...transaction, stored: row === undefined ? [] : [row] })) {
    return { unlogged: [], logged: [] }
  }
  const keyOf = (at: string, kind: string) => `${kind} ${at}`
  const wanted = new Set(conflicts.map(({ message, kind }) => keyOf(atOf(placed(message)), kind)))
  const known = new Set(transaction.logged.map((line) => keyOf(atOf(line), line.kind)))
  return {
    unlogged: transaction.logged.filter((line) => !wanted.has(keyOf(atOf(line), line.kind))),
    logged: conflicts.filter(({ message, kind }) => !known.has(keyOf(atOf(placed(message)), kind))),
  }
}

function reasonsOf(
  { messages, stored }: RawTransaction,
  { after, log }: { after: CleanRow | undefined; log: LogChanges },
  rulesVersion: string,
): string[] {
  const [before, ...others] = stored
  if (after === undefined) return [stored.length === 0 ? 'conflicts' : 'surplus']
  if (before === undefined) return ['missing']
  const reasons: string[] = []
  if (others.length > 0) reasons.push('pair merged')
  const isKnown = (identity: Payment) =>
    messages.some(({ payment }) => identityDifferences(identity, payment).length === 0)
  const isOther = stored.some(
    ({ payment }) => identityDifferences(payment, after.payment).length > 0 && isKnown(payment),
  )
  if (isOther) reasons.push('identity order')
  if (reasons.length > 0) return reasons
  const isNewer = messages.some((message) => message.rulesVersion !== rulesVersion)
  const cause = isNewer ? 'rules changed' : 'differs'
  for (const field of differingFields(before.payment, after.payment)) {
    reasons.push(`${cause}: ${field}`)
  }
  if (reasons.length === 0 && before.messages !== after.messages) reasons.push('differs: messages')
  if (reasons.length === 0 && log.logged.length + log.unlogged.length > 0) reasons.push('conflicts')
  return reasons.length === 0 ? [`${cause}: day of raw`] : reasons
}

/**
 * What the books lack. They have booked every message, and as many identity conflicts as are logged; a row that is
 * missing or too many was none of their making: then their rows are those that the stream makes of the messages, less
 * what rebuilds have merged.
 */
function booksOf(transaction: RawTransaction, fold: Fold): RebuildBooks {
  const { messages, stored, logged, absorbedBefore } = transaction
  const conflicting = identitiesIn(fold.conflicts) - identitiesIn(logged)
  const counted = countedOf({ stored, logged })
  const unmerged = Math.max(messages.length - counted, 0)
  const pending = messages.filter(({ maybePending }) => maybePending).length
  const late = unmerged > 0 && unmerged <= pending ? unmerged : 0
  const isAsBooked = counted + late === messages.length
  const made = mergeTransaction([], messages).rows.length
  const rows = isAsBooked ? stored.length : Math.max(made - absorbedBefore, Math.sign(made))
  const after = fold.row === undefined ? 0 : 1
  const inserted = Math.max(after - rows, 0)
  return {
    inserted,
    merged: late - inserted - conflicting,
    conflicting,
    pending: -late,
    absorbed: Math.max(rows - after, 0),
  }
}
