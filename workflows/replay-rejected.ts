import {
  continueAsNew,
  defineQuery,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities, ReplayedLetter } from '../activities/index.ts'
import { REPLAY_IDS_MAX, REPLAYED_SHOWN_MAX } from '../core/limits.ts'
import { parseInstant } from '../core/time.ts'
import { LONG, SHORT } from './activity-options.ts'
import { fieldsOf, refuse } from './steps/fields-of.ts'

const { replayStep } = proxyActivities<Activities>(LONG)
const { noteRun } = proxyActivities<Activities>(SHORT)

/** Where a dead letter lies; without an epoch the newest that has one there. */
export interface LetterId {
  readonly topic: string
  readonly epoch?: number
  readonly partition: number
  readonly offset: string
}

export interface ReplayRejectedInput {
  /** Only those whose first broken rule was this. */
  readonly code?: string
  /** Only those rejected since this instant, such as `2026-02-01T10:30:00+05:30`. */
  readonly from?: string
  /** Only those rejected before this instant; by default before the run began. */
  readonly to?: string
  /** Only these. */
  readonly ids?: readonly LetterId[]
  /** No more than so many. */
  readonly limit?: number
  /** Only tell what would become of them. */
  readonly dryRun?: boolean
  /** Who asks, for the audit log. */
  readonly actor?: string
  /** Where a run that continues another stands; not to be given by hand. */
  readonly progress?: ReplayProgress
}

/** How many letters of a code have met the same end. */
export interface ReplayCount {
  readonly code: string
  readonly outcome: ReplayedLetter['outcome']
  /** The first rule that they break now, if they are still rejected. */
  readonly reason: string | null
  readonly letters: number
}

export interface ReplayRejectedResult {
  readonly dryRun: boolean
  readonly letters: number
  readonly counts: readonly ReplayCount[]
  /** What became of each of the first ones. */
  readonly first: readonly ReplayedLetter[]
}

interface ReplayProgress extends Omit<ReplayRejectedResult, 'dryRun'> {
  readonly until: string
  readonly after?: LetterId & { readonly epoch: number }
}

const FIELDS = ['code', 'from', 'to', 'ids', 'limit', 'dryRun', 'actor', 'progress'] as const

/** How far a replay has come. */
export const replayed = defineQuery<Omit<ReplayRejectedResult, 'first'>>('replayed')

/**
 * Runs dead letters that nobody has resolved through the pipeline again, under the present rules and in place: those
 * that are accepted are merged into clean, the others stay. Each is replayed at most once, however many such runs there
 * are. Id: `replay-rejected/<time>`.
 */
export async function replayRejected(
  input?: ReplayRejectedInput | null,
): Promise<ReplayRejectedResult> {
  const asked = fieldsOf(input, FIELDS)
  refuseWrong(asked)
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined
  if (asked.progress !== undefined && !isContinued) refuse('progress is not to be given by hand')
  const { code, from, ids, limit, dryRun = false, actor = 'temporal' } = asked
  let progress = asked.progress ?? (await begin(asked, actor))
  setHandler(replayed, () => ({ dryRun, letters: progress.letters, counts: progress.counts }))
  const filter = { code, from, ids, until: progress.until }
  // The id alone may be taken again by a later run.
  const { workflowId, firstExecutionRunId } = workflowInfo()
  const resolvedBy = `${actor} (${workflowId} ${firstExecutionRunId.slice(0, 8)})`
  for (;;) {
    const left = limit === undefined ? undefined : limit - progress.letters
    if (left === 0) break
    const step = { filter, after: progress.after, limit: left, dryRun, resolvedBy }
    const { letters } = await replayStep(step)
    if (letters.length === 0) break
    progress = advanced(progress, letters)
    setCurrentDetails(detailsOf(progress, dryRun))
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof replayRejected>({ ...asked, progress })
    }
  }
  const { letters, counts, first } = progress
  return { dryRun, letters, counts, first }
}

async function begin(asked: ReplayRejectedInput, actor: string): Promise<ReplayProgress> {
  const { at } = await noteRun({ actor, action: 'replay rejected', details: noted(asked) })
  return { until: asked.to ?? at, letters: 0, counts: [], first: [] }
}

function advanced(before: ReplayProgress, letters: readonly ReplayedLetter[]): ReplayProgress {
  const counts = new Map(before.counts.map((count) => [keyOf(count), count]))
  for (const { code, outcome, reasons } of letters) {
    const reason = reasons[0] ?? null
    const key = keyOf({ code, outcome, reason })
    const known = counts.get(key)?.letters ?? 0
    counts.set(key, { code, outcome, reason, letters: known + 1 })
  }
  const { topic, epoch, partition, offset } = letters.at(-1) as ReplayedLetter
  return {
    until: before.until,
    letters: before.letters + letters.length,
    counts: [...counts.values()],
    first: [...before.first, ...letters].slice(0, REPLAYED_SHOWN_MAX),
    after: { topic, epoch, partition, offset },
  }
}

function keyOf({ code, outcome, reason }: Omit<ReplayCount, 'letters'>): string {
  return `${code} ${outcome} ${reason}`
}

function detailsOf({ letters, counts }: ReplayProgress, dryRun: boolean): string {
  const accepted = counts
    .filter(({ outcome }) => outcome === 'accepted')
    .reduce((sum, count) => sum + count.letters, 0)
  return `${letters} dead letters read, ${accepted} ${dryRun ? 'would be accepted' : 'accepted'}.`
}

function noted({ code, from, to, ids, limit, dryRun }: ReplayRejectedInput): object {
  return { code, from, to, ids, limit, dryRun }
}

function refuseWrong({ code, from, to, ids, limit }: ReplayRejectedInput): void {
  for (const instant of [from, to]) {
    if (instant !== undefined && !(typeof instant === 'string' && parseInstant(instant).ok)) {
      refuse(`'${instant}' is not an instant such as 2026-02-01T10:30:00+05:30`)
    }
  }
  if (code !== undefined && !/^[A-Z_0-9]+$/.test(code)) refuse(`'${code}' is no code of a rule`)
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    refuse(`limit ${limit} is not a whole number above 0`)
  }
  if (ids === undefined) return
  if (!Array.isArray(ids) || ids.length > REPLAY_IDS_MAX || !ids.every(isPlace)) {
    refuse(`ids are up to ${REPLAY_IDS_MAX} of {topic, partition, offset, epoch?}`)
  }
}

function isPlace(id: LetterId): boolean {
  const { topic, partition, offset, epoch } = Object(id) as LetterId
  if (typeof topic !== 'string' || !/^\d{1,18}$/.test(offset)) return false
  return [partition, epoch ?? 0].every((each) => Number.isSafeInteger(each) && each >= 0)
}
