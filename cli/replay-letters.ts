import type { WorkflowHandle } from '@temporalio/client'
import { UpiError } from '../core/errors.ts'
import { REPLAY_IDS_MAX } from '../core/limits.ts'
import { groupIndian } from '../core/money.ts'
import { actorOf, loadConfig } from '../platform/config.ts'
import type {
  LetterId,
  ReplayCount,
  ReplayRejectedInput,
  ReplayRejectedResult,
} from '../workflows/replay-rejected.ts'
import { note, printJson, printTable } from './output.ts'
import { runWorkflow } from './run-workflow.ts'

interface ReplayOptions {
  readonly code?: string
  readonly since?: Date
  readonly until?: Date
  readonly id?: readonly LetterId[]
  readonly limit?: number
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** Replays dead letters through Temporal, and prints what became of them by their codes. */
export async function replayLetters(options: ReplayOptions): Promise<void> {
  const config = loadConfig()
  const { code, since, until, id: ids, limit, dryRun = false } = options
  if (ids !== undefined && ids.length > REPLAY_IDS_MAX) {
    throw new UpiError('OPTION_INVALID', `--id was given ${ids.length} times`, {
      fix: `name ${REPLAY_IDS_MAX} at most, or use --code, --since and --until`,
    })
  }
  const input: ReplayRejectedInput = {
    ...(code === undefined ? {} : { code }),
    ...(since === undefined ? {} : { from: since.toISOString() }),
    ...(until === undefined ? {} : { to: until.toISOString() }),
    ...(ids === undefined ? {} : { ids }),
    ...(limit === undefined ? {} : { limit }),
    dryRun,
    actor: actorOf(config),
  }
  const workflowId = `replay-rejected/${new Date().toISOString()}`
  const wanted = { workflow: 'replayRejected', workflowId, input, isHeavy: true, askProgress }
  const result = await runWorkflow<ReplayRejectedResult>(config, wanted)
  if (ids !== undefined && result.letters === 0) {
    throw new UpiError('LETTER_UNKNOWN', 'none of these is a dead letter that is unresolved', {
      fix: 'see ./upi rejected list --resolved',
    })
  }
  if (options.json === true) printJson({ ...result, workflow_id: workflowId })
  else printResult(result)
}

async function askProgress(handle: WorkflowHandle): Promise<string> {
  const { letters, counts } = await handle.query<Omit<ReplayRejectedResult, 'first'>, []>(
    'replayed',
  )
  const accepted = sumOf(counts.filter(({ outcome }) => OUTCOMES[outcome].isIn))
  return `${groupIndian(String(letters))} letters, ${groupIndian(String(accepted))} accepted`
}

const OUTCOMES: Readonly<Record<ReplayCount['outcome'], { isIn: boolean; says: string }>> = {
  accepted: { isIn: true, says: 'accepted' },
  conflicting: { isIn: true, says: 'accepted, in conflict with its transaction' },
  pending: { isIn: true, says: 'accepted, waits for its archived day' },
  rejected: { isIn: false, says: 'still rejected' },
  archived: { isIn: false, says: 'stays: its message is in the lake' },
  taken: { isIn: false, says: 'resolved by somebody else meanwhile' },
}

function printResult({ letters, counts, dryRun }: ReplayRejectedResult): void {
  if (letters === 0) {
    note('no dead letters to replay')
    return
  }
  const sorted = counts.toSorted((a, b) => b.letters - a.letters)
  printTable(sorted, [
    { title: 'code', value: ({ code }) => code },
    { title: 'outcome', value: ({ outcome }) => OUTCOMES[outcome].says, style: colourOf },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'letters', value: (each) => groupIndian(String(each.letters)), align: 'right' },
  ])
  const accepted = sumOf(counts.filter(({ outcome }) => OUTCOMES[outcome].isIn))
  const done = dryRun ? 'would be accepted; nothing was written' : 'accepted'
  note(`${groupIndian(String(accepted))} of ${groupIndian(String(letters))} ${done}`)
}

function colourOf({ outcome }: ReplayCount): 'green' | 'yellow' {
  return OUTCOMES[outcome].isIn ? 'green' : 'yellow'
}

function sumOf(counts: readonly ReplayCount[]): number {
  return counts.reduce((sum, { letters }) => sum + letters, 0)
}
