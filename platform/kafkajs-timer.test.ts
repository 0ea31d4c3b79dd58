import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { stopIdleTimer } from './kafkajs-timer.ts'

// Were kafkajs to move or rename what is patched, this is where it is noticed.
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue')

function queueWith(pending: unknown[]) {
  const queue = Object.create(RequestQueue.prototype)
  return Object.assign(queue, { pending, throttledUntil: -1, throttleCheckTimeoutId: null })
}

test('no timer is armed while nothing is pending, and one when something is', () => {
  stopIdleTimer()
  stopIdleTimer()
  const idle = queueWith([])
  idle.scheduleCheckPendingRequests()
  expect(idle.throttleCheckTimeoutId).toBeNull()
  const busy = queueWith([{}])
  busy.scheduleCheckPendingRequests()
  expect(busy.throttleCheckTimeoutId).not.toBeNull()
  clearTimeout(busy.throttleCheckTimeoutId)
})
