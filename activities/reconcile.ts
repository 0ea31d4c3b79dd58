import { Context } from '@temporalio/activity'
import { type Kysely, sql } from 'kysely'
import type { Pool } from 'pg'
import type { BookState } from '../core/book-state.ts'
import type { BusinessDate } from '../core/time.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import {
  type ComparedMart,
  type Comparing,
  compareLedger,
  compareMarts,
} from '../models/warehouse/compare-marts.ts'
import { type Book, bookOf } from '../platform/books/book.ts'
import { readBooks, readSums } from '../platform/books/check-books.ts'
import type { Database } from '../platform/database.ts'
import { atOneSnapshot } from '../platform/one-snapshot.ts'
import { foldedDays } from '../platform/queries/folded-days.ts'
import { recordBooks } from '../platform/queries/reconciliations.ts'
import type { Rules } from '../streaming/processor.ts'
import { createReadAgain } from '../streaming/read-again.ts'
import type { RulesVersion } from '../streaming/rules.ts'
import { whileBeating } from './heartbeat.ts'

export interface ReconcileDeps {
  readonly db: Kysely<Database>
  readonly ingest: Pool
  readonly rules: Rules
  readonly rulesVersion: RulesVersion
  readonly loadSchema: (id: number) => Promise<unknown>
}

/** What is reconciled, and for whom. */
interface ReconcileRange {
  readonly from: BusinessDate
  readonly to: BusinessDate
  readonly actor?: string
}

/** What the books say, all at one snapshot. */
export interface Reconciled {
  /** The worst of its books. */
  readonly state: BookState
  readonly books: readonly Book[]
}

/** How a reconcile is run. */
interface ReconcileRun {
  readonly runId: string
  readonly signal?: AbortSignal
  /** Hears where it is; after a cancellation it goes no further. */
  readonly say?: (progress: string) => void
}

/** What proves the books. */
export function createReconcileActivities(deps: ReconcileDeps) {
  return {
    /** Checks the books of a range of days and keeps what it finds; done again, it goes on after the days it has folded. */
    async reconcileRange(range: ReconcileRange): Promise<Reconciled> {
      const { workflowExecution } = Context.current().info
      const runId = workflowExecution?.runId ?? ''
      return await whileBeating((signal, say) =>
        reconcileBooks(deps, range, { runId, signal, say }),
      )
    },

    /** Compares the sums of days that are built, before they are final or after; what it finds is kept. */
    async reconcileSums(range: ReconcileRange): Promise<Reconciled> {
      const runId = Context.current().info.workflowExecution?.runId ?? ''
      return await whileBeating((signal) => reconcileDaySums(deps, range, { runId, signal }))
    },
  }
}

/** Checks the sums of some days at one snapshot; nothing is changed but the notes of what was found. */
export async function reconcileDaySums(
  { db, ingest }: Pick<ReconcileDeps, 'db' | 'ingest'>,
  { from, to, actor = 'temporal' }: ReconcileRange,
  { runId, signal }: ReconcileRun,
): Promise<Reconciled> {
  const days = { from, to }
  const books = await atOneSnapshot(ingest, signal, (client) => readSums(client, days))
  await recordBooks(db, books, { runId, days, actor })
  return { state: worstOf(books), books }
}

const graph = makeGraph(MODELS)

/** Checks all books of some days at one snapshot; nothing is changed but the notes of what was found. */
export async function reconcileBooks(
  deps: ReconcileDeps,
  { from, to, actor = 'temporal' }: ReconcileRange,
  { runId, signal, say }: ReconcileRun,
): Promise<Reconciled> {
  const { db, ingest } = deps
  const days = { from, to }
  const heard = (progress: string) => {
    signal?.throwIfAborted()
    say?.(progress)
  }
  const books = await atOneSnapshot(ingest, signal, async (client, snapshot) => {
    const ofMarts = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (trx) => {
        await sql`set transaction snapshot ${sql.lit(snapshot)}`.execute(trx)
        const onMart = (model: string, day = '') => heard(`${model} ${day}`)
        return await martBooks({ trx, graph, days, signal, onMart })
      })
    const fold = {
      readAgain: createReadAgain(deps.rules, deps.loadSchema),
      rulesVersion: deps.rulesVersion.version,
      foldedDays: foldedDays(ingest),
      onDay: (day: string, nth: number, of: number) => heard(`fold ${day}, ${nth} of ${of} days`),
    }
    return [...(await readBooks(client, fold, { days, onBook: heard })), ...ofMarts]
  })
  await recordBooks(db, books, { runId, days, actor })
  return { state: worstOf(books), books }
}

async function martBooks(comparing: Comparing): Promise<Book[]> {
  const books = (await compareMarts(comparing)).map(martBook)
  const began = performance.now()
  const { checked, wrong, first } = await compareLedger(comparing)
  const says = 'every day that a mart holds is in the ledger, as its last run left it'
  const ledger = bookOf('model ledger', says, {
    ...{ broken: first, count: wrong, checked, unit: 'builds' },
  })
  return [...books, { ...ledger, seconds: Math.round(performance.now() - began) / 1000 }]
}

function martBook({ model, checked, wrong, first, pending, seconds }: ComparedMart): Book {
  const says = 'every row is what its query gives now'
  const book = bookOf(model, says, { broken: first, count: wrong, checked, unit: 'rows' })
  if (wrong > 0 || pending.length === 0) return { ...book, seconds }
  const line = `${says}; about to be built: ${shownDays(pending)}`
  return { ...book, state: 'pending', line, keys: pending.slice(0, SHOWN_MAX), seconds }
}

const SHOWN_MAX = 5

function shownDays(days: readonly string[]): string {
  return days.length > SHOWN_MAX ? `${days.length} days` : days.join(', ')
}

const WORST: readonly BookState[] = ['broken', 'waits', 'pending', 'balanced']

function worstOf(books: readonly Book[]): BookState {
  return WORST.find((state) => books.some((book) => book.state === state)) ?? 'balanced'
}
