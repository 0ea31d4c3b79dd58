import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20
const WAIT_MS_MAX = 15_000

/** Looks again and again until what it sees is as wished, and returns it; fails with what it saw last. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  isAsWished: (seen: T) => boolean = Boolean,
  msMax: number = WAIT_MS_MAX,
): Promise<T> {
  const end = performance.now() + msMax
  for (;;) {
    const seen = await attempt(look)
    if ('value' in seen && isAsWished(seen.value)) return seen.value
    if (performance.now() > end) throw giveUp(seen, msMax)
    await sleep(POLL_MS)
  }
}

type Seen<T> = { readonly value: T } | { readonly fault: unknown }

async function attempt<T>(look: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { value: await look() }
  } catch (fault) {
    return { fault }
  }
}

function giveUp<T>(seen: Seen<T>, ms: number): Error {
  if ('fault' in seen) return new Error(`still failing after ${ms} ms`, { cause: seen.fault })
  return new Error(`not so after ${ms} ms; last seen: ${JSON.stringify(seen.value, printable)}`)
}

function printable(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
