import type { Batch } from './batch.ts'

const CLEAN_KEY = /^clean_upi_transactions_\d{8}_pkey$/

/** Whether Postgres refused what a batch holds: bad data, a broken constraint, a row too large. */
export function isRefusal(fault: unknown): boolean {
  const { code = '', constraint = '' } = Object(fault) as { code?: string; constraint?: string }
  return /^(22|23|54)/.test(code) && !constraint.startsWith('raw_upi_transactions')
}

/** Whether a row found no partition for its day. */
export function isDayGone(fault: unknown): boolean {
  const { code, constraint } = Object(fault) as { code?: string; constraint?: string }
  return code === '23514' && constraint === undefined
}

/** Whether a row was there that the batch took for new: another partition has just written the same transaction. */
export function isRace(fault: unknown): boolean {
  const { code, constraint = '' } = Object(fault) as { code?: string; constraint?: string }
  return code === '23505' && CLEAN_KEY.test(constraint)
}

/** The two halves of a batch; undefined for a single message. */
export function splitBatch(batch: Batch): [Batch, Batch] | undefined {
  const { accepted, rejected } = batch.outcome
  const offsets = [...accepted, ...rejected]
    .map(({ record }) => BigInt(record.offset))
    .toSorted((a, b) => (a < b ? -1 : 1))
  if (offsets.length < 2) return undefined
  const middle = offsets[offsets.length >> 1] as bigint
  const isBefore = ({ record }: { record: { offset: string } }) => BigInt(record.offset) < middle
  const part = (isInside: typeof isBefore, warnings: number) => ({
    accepted: accepted.filter(isInside),
    rejected: rejected.filter(isInside),
    warnings,
  })
  return [
    { ...batch, next: middle, outcome: part(isBefore, batch.outcome.warnings) },
    { ...batch, from: middle, outcome: part((message) => !isBefore(message), 0) },
  ]
}

/** The same batch with its messages refused as our own fault. */
export function refuseAll(batch: Batch): Batch {
  const { accepted, rejected, warnings } = batch.outcome
  const reasons = [{ code: 'INTERNAL', detail: 'refused by Postgres' }] as const
  const refused = accepted.map(({ record }) => ({ record, reasons }))
  return { ...batch, outcome: { accepted: [], rejected: [...rejected, ...refused], warnings } }
}
