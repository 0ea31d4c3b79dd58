import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import { REPLAY_PAGE_BYTES_MAX, REPLAY_PAGE_ROWS_MAX } from '../core/limits.ts'
import { messageOf } from '../platform/books/raw-messages.ts'
import type { Database } from '../platform/database.ts'
import { withConnection } from '../platform/postgres.ts'
import { readArchivedDays } from '../platform/queries/days.ts'
import {
  findLetters,
  type LetterKey,
  type LetterRow,
  type ReplayFilter,
} from '../platform/queries/replayed-letters.ts'
import { noteRules } from '../platform/queries/stream-batches.ts'
import type { Rules } from '../streaming/processor.ts'
import { type LoadSchema, runAgain } from '../streaming/read-again.ts'
import { type Replay, type ReplayOutcome, replayLetters } from '../streaming/replay-letters.ts'
import type { RulesVersion } from '../streaming/rules.ts'
import type { Outcome } from '../streaming/run-pipeline.ts'
import { whileBeating } from './heartbeat.ts'

export interface ReplayDeps {
  readonly db: Kysely<Database>
  readonly ingest: Pool
  readonly rules: Rules
  readonly rulesVersion: RulesVersion
  readonly loadSchema: LoadSchema
  readonly topic: string
}

/** What became of one dead letter; `rejected`: it stays, for these reasons; `archived`: its message is in the lake. */
export interface ReplayedLetter extends Required<LetterKey> {
  /** The rule that it broke when it was rejected. */
  readonly code: string
  readonly outcome: Exclude<ReplayOutcome, 'refused'> | 'rejected' | 'archived'
  /** The rules that it breaks now. */
  readonly reasons: readonly string[]
}

/** One step of a replay. */
interface ReplayStep {
  readonly filter: ReplayFilter
  readonly after?: Required<LetterKey> | undefined
  readonly limit?: number | undefined
  readonly dryRun: boolean
  /** As whose work it is written down; the same for all steps of a run and for no other run. */
  readonly resolvedBy: string
}

/** What is done to dead letters. */
export function createReplayActivities(deps: ReplayDeps) {
  return {
    /**
     * Replays the next letters and tells what became of each. Done again after a crash, it does the rest, and tells of
     * those too that it had done.
     */
    async replayStep(step: ReplayStep): Promise<{ letters: ReplayedLetter[] }> {
      return await whileBeating(async (signal) => ({ letters: await replay(deps, step, signal) }))
    },
  }
}

async function replay(
  deps: ReplayDeps,
  { filter, after, limit, dryRun, resolvedBy }: ReplayStep,
  signal: AbortSignal,
): Promise<ReplayedLetter[]> {
  const page = {
    after,
    rowsMax: Math.min(limit ?? REPLAY_PAGE_ROWS_MAX, REPLAY_PAGE_ROWS_MAX),
    bytesMax: REPLAY_PAGE_BYTES_MAX,
    resolvedBy,
  }
  const { rulesVersion: rules } = deps
  const rows = await withConnection(deps.ingest, async (client) => {
    if (!dryRun) await noteRules(client, rules.version, rules.settings)
    return await findLetters(client, deps.topic, filter, page)
  })
  const open = rows.filter((row) => row.is_there && !row.is_replayed)
  const records = new Map(open.map((row) => [messageOf(row), row]))
  const outcome = await runAgain([...records.keys()], deps)
  const archived = await archivedOf(deps, rows, outcome)
  const found = new Map<LetterRow, Found>()
  for (const { record, payment } of outcome.accepted) {
    const told = archived.has(payment.business_date) ? 'pending' : 'accepted'
    found.set(records.get(record as never) as LetterRow, { outcome: told, reasons: [] })
  }
  for (const { record, reasons } of outcome.rejected) {
    const codes = reasons.map(({ code }) => code)
    found.set(records.get(record as never) as LetterRow, { outcome: 'rejected', reasons: codes })
  }
  const by = { rulesVersion: rules.version, resolvedBy }
  for (const part of dryRun ? [] : partsOf(records as never, outcome)) {
    signal.throwIfAborted()
    const outcomes = await replayLetters(deps.ingest, part.replay, by)
    for (const [offset, told] of outcomes) {
      const isRefused = told === 'refused'
      found.set(part.rows.get(offset) as LetterRow, {
        outcome: isRefused ? 'rejected' : told,
        reasons: isRefused ? ['INTERNAL'] : [],
      })
    }
  }
  return rows.map((row) => ({
    topic: row.topic,
    epoch: row.epoch,
    partition: row.kafka_partition,
    offset: row.kafka_offset,
    code: row.reason_code,
    ...(found.get(row) ?? doneBefore(row, archived)),
  }))
}

type Found = Pick<ReplayedLetter, 'outcome' | 'reasons'>

/** What the step had done to a letter before it was begun again; or that its message is not there. */
function doneBefore(row: LetterRow, archived: ReadonlySet<string>): Found {
  if (!row.is_replayed) return { outcome: 'archived', reasons: [] }
  const isPending = row.business_date !== null && archived.has(row.business_date)
  const outcome = row.is_conflicting ? 'conflicting' : isPending ? 'pending' : 'accepted'
  return { outcome, reasons: [] }
}

async function archivedOf(
  { db }: ReplayDeps,
  rows: readonly LetterRow[],
  { accepted }: Outcome,
): Promise<ReadonlySet<string>> {
  const days = new Set([
    ...accepted.map(({ payment }) => payment.business_date),
    ...rows.flatMap(({ business_date }) => business_date ?? []),
  ])
  return days.size === 0 ? new Set() : await readArchivedDays(db, [...days])
}

interface Part {
  readonly replay: Replay
  /** By offset. */
  readonly rows: ReadonlyMap<string, LetterRow>
}

/** What can be merged together: the accepted letters of one partition and UTC day of raw, as the books have them. */
function partsOf(
  records: ReadonlyMap<Outcome['accepted'][number]['record'], LetterRow>,
  { accepted, warnings }: Outcome,
): Part[] {
  const parts = Map.groupBy(accepted, ({ record }) => {
    const { topic, epoch, kafka_partition, raw_day } = records.get(record) as LetterRow
    return JSON.stringify([topic, epoch, kafka_partition, raw_day])
  })
  return [...parts.values()].map((messages, index) => {
    const rows = messages.map(({ record }) => records.get(record) as LetterRow)
    const { topic, epoch, kafka_partition: partition, raw_day: rawDay } = rows[0] as LetterRow
    return {
      // Which of the messages are warned of is not told: the first part books them all.
      replay: { topic, epoch, partition, rawDay, messages, warnings: index === 0 ? warnings : 0 },
      rows: new Map(rows.map((row) => [row.kafka_offset, row])),
    }
  })
}
