/**
 * The states of a transaction in their total order: when messages of one transaction disagree, the greatest wins,
 * whatever the order of arrival.
 */
export const STATUSES = [
  'PENDING',
  'DEEMED',
  'FAILED',
  'EXPIRED',
  'DECLINED',
  'SUCCESS',
  'REVERSED',
] as const

export type Status = (typeof STATUSES)[number]

const WORDS: Readonly<Record<string, Status>> = {
  ...(Object.fromEntries(STATUSES.map((status) => [status, status])) as Record<Status, Status>),
  FAILURE: 'FAILED',
  FAIL: 'FAILED',
}

/** Reads a status word, ignoring case; NPCI says FAILURE, most sources FAILED. */
export function parseStatus(word: string): Status | undefined {
  // Only ASCII: upper-casing turns some letters of other scripts into it.
  const upper = /^[A-Za-z]+$/.test(word) ? word.toUpperCase() : ''
  return Object.hasOwn(WORDS, upper) ? WORDS[upper] : undefined
}

/** The place of a status in the order, 0 for PENDING. */
export function statusRank(status: Status): number {
  return STATUSES.indexOf(status)
}
