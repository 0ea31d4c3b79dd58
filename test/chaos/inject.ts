import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { Worker } from './crew.ts'
import type { Feed } from './feed.ts'
import type { PrivateStack, Server } from './private-stack.ts'
import type { Link, Moment } from './proxy.ts'
import type { FaultKind, PlannedFault } from './schedule.ts'
import type { Watch } from './watch.ts'

/** What faults are done to. */
export interface Scene {
  readonly stack: PrivateStack
  readonly workers: readonly Worker[]
  readonly feed: Feed
  readonly watch: Watch
  /** As the superuser, and not through a proxy. */
  readonly pool: Pool
  /** Workers that have come and gone. */
  readonly guests: Worker[]
}

/** Why a fault could not be done: what it is aimed at was away or idle. */
class Missed extends Error {}

/** Does one fault, to its end. Gives why it was missed, if it was. */
export async function inject(scene: Scene, fault: PlannedFault): Promise<string | undefined> {
  const worker = scene.workers[fault.worker] as Worker
  try {
    await FAULTS[fault.kind]({ ...scene, ...fault, worker })
    return undefined
  } catch (cause) {
    // A server that another fault has just ended is no news.
    return (cause as Error).message
  }
}

type Target = Omit<Scene, 'workers'> & Omit<PlannedFault, 'worker'> & { readonly worker: Worker }

// A worker that is paused or away by another fault does nothing for so long.
const MOMENT_MS_MAX = 10_000
// All workers wait while a table is held.
const LOCKED_MS_MAX = 4_000

/** How each kind is done. */
const FAULTS: Readonly<Record<FaultKind, (target: Target) => Promise<void>>> = {
  'kill worker': async ({ worker }) => signal(worker, 'SIGKILL'),
  'kill in transaction': (target) =>
    inTransaction(target, async () => signal(target.worker, 'SIGKILL')),
  'kill in write': ({ worker }) => atMoment(worker, 'in write', killAndReset(worker)),
  'kill after commit': ({ worker }) => atMoment(worker, 'after commit', killAndReset(worker)),
  'pause worker': ({ worker, holdMs }) => pause(worker, holdMs),
  'pause in transaction': async (target) => {
    await inTransaction(target, async () => signal(target.worker, 'SIGSTOP'))
    await sleep(target.holdMs)
    target.worker.signal('SIGCONT')
  },
  'pause in write': async ({ worker, holdMs }) => {
    const { promise, resolve } = Promise.withResolvers<() => void>()
    await atMoment(worker, 'in write', (link) => {
      resolve(link.hold())
      signal(worker, 'SIGSTOP')
    })
    await sleep(holdMs)
    const letGo = await promise
    letGo()
    worker.signal('SIGCONT')
  },
  'join and leave': async ({ stack, guests, holdMs }) => {
    const guest = await Worker.start(stack, GUEST_PLACE + guests.length)
    guests.push(guest)
    await sleep(holdMs)
    await guest.stop()
  },
  'leave and join': async ({ worker, holdMs }) => {
    if (!worker.isRunning) throw new Missed('the worker is not running')
    await worker.leave(holdMs)
  },
  'terminate backends': async (target) => {
    const pids = await backendsOf(target)
    await target.pool.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [
      pids,
    ])
  },
  'cut connections': async ({ worker }) => {
    if (worker.proxy.cut() === 0) throw new Missed('it has no connection')
  },
  'cut in write': ({ worker }) => atMoment(worker, 'in write', (link) => link.reset()),
  'lose commit answer': ({ worker }) => atMoment(worker, 'after commit', (link) => link.reset()),
  'freeze connections': async ({ worker, holdMs }) => {
    worker.proxy.freeze(true)
    await sleep(holdMs)
    worker.proxy.freeze(false)
  },
  'black hole': async ({ worker, holdMs }) => {
    const end = worker.proxy.swallow()
    await sleep(holdMs)
    end()
  },
  'crash backend': async (target) => {
    const [pid] = await backendsOf(target)
    process.kill(pid as number, 'SIGKILL')
  },
  'crash postgres': async (target) => signalServer(target, 'postgres', 'SIGKILL'),
  'restart postgres': async (target) => {
    // Seen once of Postgres 18.4: told to stop while it was recovering from a crash, it never ended.
    await target.pool.query('select 1')
    signalServer(target, 'postgres', 'SIGINT')
  },
  'crash kafka': async (target) => signalServer(target, 'kafka', 'SIGKILL'),
  'freeze kafka': async (target) => {
    signalServer(target, 'kafka', 'SIGSTOP')
    await sleep(target.holdMs)
    signalServer(target, 'kafka', 'SIGCONT')
  },
  'crash registry': async (target) => signalServer(target, 'registry', 'SIGKILL'),
  'garbage burst': ({ feed }) => feed.garbage(500),
  'replay burst': ({ feed }) => feed.replay(),
}

const GUEST_PLACE = 100

function signal(worker: Worker, name: NodeJS.Signals): void {
  if (!worker.isRunning) throw new Missed('the worker is not running')
  worker.signal(name)
}

function signalServer({ stack }: Target, server: Server, name: NodeJS.Signals): void {
  if (!stack.signal(server, name)) throw new Missed(`${server} is not running`)
}

async function pause(worker: Worker, millis: number): Promise<void> {
  signal(worker, 'SIGSTOP')
  await sleep(millis)
  worker.signal('SIGCONT')
}

function killAndReset(worker: Worker): (link: Link) => void {
  return (link) => {
    worker.signal('SIGKILL')
    link.reset()
  }
}

async function atMoment(worker: Worker, moment: Moment, act: (link: Link) => void): Promise<void> {
  const isMet = await worker.proxy.at(moment, act, MOMENT_MS_MAX)
  if (!isMet) throw new Missed(`it has not come to the moment '${moment}'`)
}

/** The tables that a batch writes, from its first to its last. */
const TABLES = [
  'ops.stream_offsets',
  'raw_upi_transactions',
  'clean_upi_transactions',
  'rejected_upi_transactions',
  'ops.minute_metrics',
  'ops.stream_batches',
]

/** Holds a table's lock until a transaction of the worker waits for it, acts then, and lets go. */
async function inTransaction(target: Target, act: () => Promise<void>): Promise<void> {
  const table = TABLES[target.draw % TABLES.length] as string
  const client = await target.pool.connect()
  try {
    await client.query(`begin; set local lock_timeout = '3s'; lock table ${table} in share mode`)
    const end = Date.now() + LOCKED_MS_MAX
    while (
      (await backendsOf(target, `and wait_event_type = 'Lock' and state = 'active'`)).length === 0
    ) {
      if (Date.now() > end) throw new Missed(`no transaction of it has come to ${table}`)
      await sleep(10)
    }
    await act()
    await client.query('rollback')
    client.release()
  } catch (fault) {
    client.release(true)
    throw fault
  }
}

async function backendsOf({ pool, worker }: Target, condition?: string): Promise<number[]> {
  const { rows } = await pool.query<{ pid: number }>(
    `select pid from pg_stat_activity where client_port = any ($1) ${condition ?? ''}`,
    [worker.proxy.clientPorts],
  )
  if (rows.length === 0 && condition === undefined) throw new Missed('it has no connection')
  return rows.map(({ pid }) => pid)
}
