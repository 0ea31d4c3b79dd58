import { setTimeout as pause } from 'node:timers/promises'
import { LIVE_BEHIND_MS_MAX } from '../core/limits.ts'
import { Pace } from '../core/pace.ts'
import type { Traffic, TrafficMessage } from '../core/traffic/traffic.ts'

/** Where traffic goes; settles when the messages are there, or when there is room for more. */
export type Outlet = (messages: readonly TrafficMessage[]) => Promise<void>

export interface Feed {
  readonly outlet: Outlet
  /** Aborted: the messages in flight arrive, and no more are made. */
  readonly signal: AbortSignal
  /** Told after each portion: how many transactions have begun. */
  readonly onPortion: (transactions: number) => void
}

// As large as one produce request, and the next is made while the one before is on its way.
const PORTION_MESSAGES_MAX = 2_000
const PORTIONS_UNDERWAY_MAX = 1

// Fine enough that 1,000 a second look even, coarse enough to cost nothing.
const TICK_MS = 20

/** Sends all messages of a range as fast as the outlet takes them. */
export async function feedRange(
  traffic: Traffic,
  { outlet, signal, onPortion }: Feed,
): Promise<void> {
  const underway: Promise<void>[] = []
  while (!signal.aborted) {
    const messages = traffic.due(Infinity, PORTION_MESSAGES_MAX)
    if (messages.length === 0) break
    const portion = outlet(messages)
    // Awaited in a later round; until then a fault is nobody's.
    portion.catch(() => {})
    underway.push(portion)
    if (underway.length > PORTIONS_UNDERWAY_MAX) await underway.shift()
    onPortion(traffic.transactions)
  }
  await Promise.all(underway)
}

/**
 * Sends live traffic when it is due, until the signal. `begin` makes traffic from an instant on; it is called anew when
 * a pause, or an outlet that cannot keep up, has left traffic so far behind that it would not be live any more.
 */
export async function feedLive(
  begin: (from: number) => Traffic,
  { outlet, signal, onPortion, onGap }: Feed & { onGap: (behindMs: number) => void },
): Promise<void> {
  for (let begun = 0; !signal.aborted; ) {
    const from = Date.now()
    const pace = new Pace(from)
    const traffic = begin(from)
    while (!signal.aborted && pace.behindMs <= LIVE_BEHIND_MS_MAX) {
      const messages = traffic.due(pace.advance(Date.now()), PORTION_MESSAGES_MAX)
      const last = messages.at(-1)
      if (last !== undefined) await outlet(messages)
      onPortion(begun + traffic.transactions)
      if (messages.length < PORTION_MESSAGES_MAX) await sleep(TICK_MS, signal)
      else pace.holdAt((last as TrafficMessage).at)
    }
    begun += traffic.transactions
    if (!signal.aborted) onGap(pace.behindMs)
  }
}

async function sleep(millis: number, signal: AbortSignal): Promise<void> {
  await pause(millis, undefined, { signal }).catch(() => {})
}
