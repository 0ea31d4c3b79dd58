import { Random } from '../../core/traffic/random.ts'

// How long a fault lasts is in milliseconds.
const KINDS = {
  'kill worker': { about: 'kill -9 at a random moment' },
  'kill in transaction': { about: 'kill -9 while its transaction waits for a lock on a table' },
  'kill in write': { about: 'kill -9 when Postgres has half of what it sends' },
  'kill after commit': { about: 'kill -9 when Postgres has committed, before the worker knows' },
  'pause worker': { about: 'SIGSTOP past the session timeout', holdMs: [7_000, 10_000] },
  'pause in transaction': { about: 'the same, with an open transaction', holdMs: [7_000, 10_000] },
  'pause in write': { about: 'the same, in the middle of what it sends', holdMs: [7_000, 10_000] },
  'join and leave': { about: 'one worker more, for a while', holdMs: [2_000, 6_000] },
  'leave and join': { about: 'SIGTERM drains it; back after a while', holdMs: [500, 4_000] },
  'terminate backends': { about: 'pg_terminate_backend of its connections' },
  'cut connections': { about: 'its connections to Postgres are reset' },
  'cut in write': { about: 'the same, when Postgres has half of what it sends' },
  'lose commit answer': { about: 'the same, when Postgres has committed, before the worker knows' },
  'freeze connections': { about: 'nothing passes for a while, then all', holdMs: [1_000, 8_000] },
  'black hole': { about: 'what it sends is swallowed, then reset', holdMs: [4_000, 12_000] },
  'crash backend': { about: 'kill -9 of its backend: Postgres recovers as after a crash' },
  'crash postgres': { about: 'kill -9 of Postgres; its supervisor starts it again' },
  'restart postgres': { about: 'a fast stop; its supervisor starts it again' },
  'crash kafka': { about: 'kill -9 of the broker; its supervisor starts it again' },
  'freeze kafka': { about: 'SIGSTOP of the broker', holdMs: [2_000, 8_000] },
  'crash registry': { about: 'kill -9 of the registry; its supervisor starts it again' },
  'garbage burst': { about: 'five hundred values that are no messages' },
  'replay burst': { about: 'thousands of messages once more, in another order and elsewhere' },
} as const satisfies Record<string, Kind>

interface Kind {
  readonly about: string
  readonly holdMs?: readonly [number, number]
}

export type FaultKind = keyof typeof KINDS

/** What can be done to the platform. */
export const FAULT_KINDS: Readonly<Record<FaultKind, Kind>> = KINDS

/** One fault of a run. Which message it meets is the machine's; kind, target and time are the seed's. */
export interface PlannedFault {
  readonly atMs: number
  readonly kind: FaultKind
  /** The worker that it is aimed at, by its place. */
  readonly worker: number
  readonly holdMs: number
  /** A number for whatever else the fault must choose. */
  readonly draw: number
}

export interface ScheduleOptions {
  readonly seed: string
  readonly durationMs: number
  readonly faults: number
  readonly workers: number
}

// Rows must flow before the first.
const FIRST_MS = 500

/** Plans the faults of a run: the same options, the same faults. Every kind comes before one comes again. */
export function planFaults({ seed, durationMs, faults, workers }: ScheduleOptions): PlannedFault[] {
  const random = new Random('chaos', seed)
  const slotMs = (durationMs - FIRST_MS) / faults
  let bag: FaultKind[] = []
  return Array.from({ length: faults }, (_, index) => {
    if (bag.length === 0) bag = Object.keys(FAULT_KINDS) as FaultKind[]
    const [kind] = bag.splice(random.below(bag.length), 1) as [FaultKind]
    const [shortest, longest] = FAULT_KINDS[kind].holdMs ?? [0, 0]
    return {
      atMs: Math.floor(FIRST_MS + (index + random.uniform()) * slotMs),
      kind,
      worker: random.below(workers),
      holdMs: random.between(shortest, longest),
      draw: random.below(2 ** 31),
    }
  })
}
