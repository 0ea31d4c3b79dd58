import { createRequire } from 'node:module'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}

/**
 * Stops a timer of kafkajs 2.2.4 (its issue 1556): with nothing pending it arms itself again every millisecond, for each
 * connection, for ever, and from Node 24 on warns of a negative delay. There is nothing to look at until something is
 * pending, and whatever becomes pending schedules the look itself.
 */
export function stopIdleTimer(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: RequestQueue & { isPatched?: true }
  }
  if (prototype.isPatched === true) return
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this)
  }
  prototype.isPatched = true
}
