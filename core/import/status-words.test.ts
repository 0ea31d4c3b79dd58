import { expect, test } from 'vitest'
import { readStatusWord } from './status-words.ts'

test.each([
  ['S', 'SUCCESS'],
  ['Success', 'SUCCESS'],
  ['SUCCESSFUL', 'SUCCESS'],
  ['completed', 'SUCCESS'],
  ['PAID', 'SUCCESS'],
  ['TXN_SUCCESS', 'SUCCESS'],
  ['payment failed', 'FAILED'],
  ['F', 'FAILED'],
  ['FAILURE', 'FAILED'],
  ['Transaction-Failure', 'FAILED'],
  ['P', 'PENDING'],
  ['in_progress', 'PENDING'],
  ['DEEMED', 'DEEMED'],
  ['deemed approved', 'DEEMED'],
  ['REJECTED', 'DECLINED'],
  ['expired', 'EXPIRED'],
  ['REVERSAL', 'REVERSED'],
])('%s is %s', (word, status) => expect(readStatusWord(word)).toBe(status))

test.each(['', 'D', 'R', 'T', 'TIMEOUT', 'REFUNDED', '00', 'SUCCESS?', 'constructor', 'ſuccess'])(
  '%j must be said by a mapping',
  (word) => expect(readStatusWord(word)).toBeUndefined(),
)
