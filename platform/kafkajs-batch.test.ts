import { expect, test } from 'vitest'
import { type AbortedTransaction, hideAborted } from './kafkajs-batch.ts'
import type { FetchedMessage } from './kafkajs-decode.ts'

const ABORT = Buffer.from([0, 0, 0, 0])
const COMMIT = Buffer.from([0, 0, 0, 1])

/** Messages from an offset on, such as `a b A`: a capital is the producer's abort, `C` after it a commit. */
function shown(text: string, aborted: AbortedTransaction[], from = 0): string {
  const messages = text.split(' ').map((word, i): FetchedMessage => {
    const producerId = (word[0] as string).toLowerCase()
    const isControlRecord = word[0] !== producerId
    const key = !isControlRecord ? ABORT : word.endsWith('C') ? COMMIT : ABORT
    const batchContext = { producerId, inTransaction: producerId !== 'x' }
    return { offset: String(from + i), key, isControlRecord, batchContext }
  })
  hideAborted(messages, aborted)
  return messages.flatMap((each) => (each.isControlRecord ? [] : [each.offset])).join(' ')
}

function aborted(...pairs: [producerId: string, firstOffset: number][]): AbortedTransaction[] {
  return pairs.map(([producerId, first]) => ({ producerId, firstOffset: String(first) }))
}

test.each([
  ['nothing is aborted', 'a a AC b BC', [], 0, '0 1 3'],
  ['one transaction', 'a a A a AC', aborted(['a', 0]), 0, '3'],
  ['the first to begin is the last to end', 'a b a B a A', aborted(['b', 1], ['a', 0]), 0, ''],
  ['a fetch that begins in the midst of two', 'b a B A b BC', aborted(['a', 3], ['b', 4]), 5, '9'],
  ['others go on in between', 'a x b A b BC x', aborted(['a', 0]), 0, '1 2 4 6'],
  ['numbers are compared, not texts', 'a a A', aborted(['a', 9]), 9, ''],
])('aborted messages are hidden: %s', (_, text, transactions, from, expected) => {
  expect(shown(text, transactions, from)).toBe(expected)
})
