import { parseStatus, type Status } from '../status.ts'

// Only what has one meaning wherever it is used. TIMEOUT, REFUNDED, D, R and T have several: a mapping must say.
const WORDS: Readonly<Record<Status, readonly string[]>> = {
  PENDING: ['P', 'PROCESSING', 'IN PROGRESS', 'INPROGRESS', 'INITIATED', 'SUBMITTED'],
  DEEMED: ['DEEMED SUCCESS', 'DEEMED APPROVED'],
  FAILED: ['F', 'UNSUCCESSFUL', 'ERROR'],
  EXPIRED: [],
  DECLINED: ['REJECTED'],
  SUCCESS: [
    'S',
    'SUCCESSFUL',
    'SUCCEEDED',
    'COMPLETED',
    'COMPLETE',
    'PAID',
    'APPROVED',
    'CAPTURED',
  ],
  REVERSED: ['REVERSAL'],
}

const STATUS_OF = new Map(
  Object.entries(WORDS).flatMap(([status, words]) => words.map((word) => [word, status as Status])),
)

// TXN_SUCCESS, PAYMENT_FAILED, Transaction Successful.
const PREFIX = /^(?:TXN|TRANSACTION|PAYMENT) /

/** Reads the status words of other systems, whatever their case; undefined for one that is unknown or ambiguous. */
export function readStatusWord(word: string): Status | undefined {
  const own = parseStatus(word)
  if (own !== undefined || !/^[A-Za-z _-]+$/.test(word)) return own
  const plain = word
    .toUpperCase()
    .replaceAll(/[ _-]+/g, ' ')
    .replace(PREFIX, '')
  return parseStatus(plain) ?? STATUS_OF.get(plain)
}
