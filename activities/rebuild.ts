import { Context } from '@temporalio/activity'
import type { Pool } from 'pg'
import { REBUILD_STEP_MAX } from '../core/limits.ts'
import type { BusinessDate } from '../core/time.ts'
import { settleMinutes } from '../platform/books/minute-book.ts'
import { cancelWhenAborted } from '../platform/one-snapshot.ts'
import { withConnection } from '../platform/postgres.ts'
import { findAbsorbed, findSteps, noteStep } from '../platform/queries/audit-log.ts'
import { type Archived, findArchived } from '../platform/queries/rebuild.ts'
import { noteRules, readRules } from '../platform/queries/stream-batches.ts'
import { findDiffering } from '../streaming/find-differing.ts'
import { createReadAccepted } from '../streaming/read-again.ts'
import { addRebuilt, type Rebuilt } from '../streaming/rebuild-report.ts'
import { type RebuildWork, rebuildTransactions } from '../streaming/rebuild-transactions.ts'
import { recordedRules } from '../streaming/rules.ts'
import { whileBeating } from './heartbeat.ts'
import type { ReplayDeps } from './replay.ts'

type RebuildDeps = Omit<ReplayDeps, 'db'>

/** What a rebuild found on a day, and did about it. */
export interface RebuiltDay extends Rebuilt {
  readonly date: BusinessDate
  /** How many transactions raw or clean has on the day. */
  readonly transactions: number
  /** How many figures of minutes, by handle and status, were not those of clean. */
  readonly minutes: number
  /** The rules by which raw was read. */
  readonly rulesVersion: string
}

interface RebuildDay {
  readonly date: BusinessDate
  readonly dryRun: boolean
  readonly actor: string
}

/** How far a day has been looked at: what is sent with each heartbeat, and met by the next attempt. */
interface Standing {
  readonly after: string
  readonly transactions: number
  readonly rebuilt: Rebuilt
}

const NOTHING: Rebuilt = { changed: 0, reasons: {}, left: {}, days: [] }
const NOT_BEGUN: Standing = { after: '', transactions: 0, rebuilt: NOTHING }
const ACTION = 'rebuild step'

/** What is done to clean as a whole. */
export function createRebuildActivities(deps: RebuildDeps) {
  return {
    /**
     * Makes the rows of a day's transactions what raw says of them. What is changed is written down in the transaction that
     * changes it, so that a report is whole whichever attempt did it.
     */
    async rebuildDay(day: RebuildDay): Promise<RebuiltDay> {
      return await whileBeating((signal, say) => rebuildDay(deps, day, say, signal))
    },
  }
}

async function rebuildDay(
  deps: RebuildDeps,
  { date, dryRun, actor }: RebuildDay,
  say: (standing: Standing) => void,
  signal: AbortSignal,
): Promise<RebuiltDay> {
  const { ingest, rulesVersion, topic } = deps
  const { heartbeatDetails, workflowExecution } = Context.current().info
  let standing: Standing = heartbeatDetails ?? NOT_BEGUN
  say(standing)
  const { workflowId: subject = '', runId: run = '' } = workflowExecution ?? {}
  const step = { action: ACTION, subject, run, date }
  const { readAgain, archived } = await prepare(deps, dryRun)
  const work: RebuildWork = {
    date,
    topic,
    rulesVersion: rulesVersion.version,
    readAgain,
    archived,
    dryRun,
    note: (client, rebuilt, absorbed) => {
      const details = { ...rebuilt, absorbed, rules: rulesVersion.version }
      return noteStep(client, { ...step, actor, details })
    },
    findNoted: (client, txnIds) => findAbsorbed(client, { action: ACTION, txnIds }),
  }
  const rebuild = async (ids: readonly string[], looked: { count: number; last: string }) => {
    signal.throwIfAborted()
    const rebuilt = ids.length === 0 ? NOTHING : await rebuildTransactions(ingest, ids, work)
    standing = {
      after: looked.last,
      transactions: standing.transactions + looked.count,
      rebuilt: addRebuilt(standing.rebuilt, rebuilt),
    }
    say(standing)
  }
  await withConnection(ingest, async (client) => {
    const stop = cancelWhenAborted(ingest, client, signal)
    try {
      const { after } = standing
      let ids: string[] = []
      let looked = { count: 0, last: after }
      for await (const { txnId, mayDiffer } of findDiffering(client, { date, after }, readAgain)) {
        looked = { count: looked.count + 1, last: txnId }
        if (mayDiffer) ids.push(txnId)
        if (ids.length < REBUILD_STEP_MAX) continue
        await rebuild(ids, looked)
        ids = []
        looked = { count: 0, last: txnId }
      }
      await rebuild(ids, looked)
      await client.query('rollback')
    } finally {
      await stop()
    }
  })
  const minutes = await withConnection(ingest, (client) => settleMinutes(client, { date, dryRun }))
  const { transactions, rebuilt } = standing
  const report = dryRun ? rebuilt : await reportOf(ingest, step, rebuilt)
  return { ...report, date, transactions, minutes, rulesVersion: rulesVersion.version }
}

/** The rules by which raw is read, and what is in the lake. */
async function prepare(
  { ingest, rules, rulesVersion, loadSchema }: RebuildDeps,
  dryRun: boolean,
): Promise<{ readAgain: RebuildWork['readAgain']; archived: Archived }> {
  return await withConnection(ingest, async (client) => {
    if (!dryRun) await noteRules(client, rulesVersion.version, rulesVersion.settings)
    const recorded = (await readRules(client)).flatMap((each) => recordedRules(each, rules) ?? [])
    const readAgain = createReadAccepted([rules, ...recorded], loadSchema)
    return { readAgain, archived: await findArchived(client) }
  })
}

// An attempt that was killed may have done more than it could tell.
async function reportOf(
  ingest: Pool,
  step: { action: string; subject: string; run: string; date: BusinessDate },
  { left }: Rebuilt,
): Promise<Rebuilt> {
  const steps = await withConnection(ingest, (client) => findSteps<Rebuilt>(client, step))
  const done = steps.map(({ changed, reasons, days }) => ({ changed, reasons, days, left: {} }))
  return done.reduce(addRebuilt, { ...NOTHING, left })
}
