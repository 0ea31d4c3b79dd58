import { eventually } from './eventually.ts'

/** How long what was closed a moment ago may take to be gone. */
export const CLOSE_MS_MAX = 3_000

/** What keeps this process alive, by kind, such as `TCPSocketWrap`. */
export type Handles = ReadonlyMap<string, number>

/** Counts what is open now. */
export function openHandles(): Handles {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

/** Names what is open and was not before. */
export async function newHandles(before: Handles, msMax = CLOSE_MS_MAX): Promise<string[]> {
  const look = () => added(before)
  return await eventually(look, (left) => left.length === 0, msMax).catch(look)
}

// Requests in flight and immediates come and go; timers are covered only by what they keep open.
const PASSING = new Set(['Immediate', 'Timeout', 'FSReqCallback', 'FSReqPromise', 'CloseReq'])

function added(before: Handles): string[] {
  return [...openHandles()]
    .filter(([kind, count]) => !PASSING.has(kind) && count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${count - (before.get(kind) ?? 0)} × ${kind}`)
}
