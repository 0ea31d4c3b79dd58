import type { BackfillPlan, BackfillProgress, BackfillResult, DayReason } from '../core/backfill.ts'
import { formatSpan, note, paint, print, printTable } from './output.ts'

const BAR_CHARS = 24
const SKIPPED_SHOWN_MAX = 10

/** What a backfill would do, a line a day. */
export function printPlan({ days, skipped, upToDate }: BackfillPlan): void {
  if (days.length + skipped.length > 0) {
    const lines = [
      ...days.map((day) => ({ ...day, does: 'build' })),
      ...skipped.map((day) => ({ ...day, does: 'skip' })),
    ]
    printTable(lines, [
      { title: '', value: ({ does }) => does },
      { title: 'day', value: ({ date }) => date },
      { title: 'why', value: ({ reason }) => reason },
    ])
  }
  const nothing = days.length === 0 ? 'nothing to do: ' : ''
  print(`${nothing}${days.length} to build, ${skipped.length} skipped, ${upToDate} up to date`)
}

/** One line: how far, how fast, how much longer. */
export function progressLine(progress: BackfillProgress): string {
  const { state, total, done, failed, rate, running } = progress
  if (state === 'planning' || state === 'waiting for the stream') return state
  const bad = failed.length > 0 ? `, ${failed.length} failed` : ''
  const now = state === 'running' ? '' : ` ${state}`
  const days = running.length > 0 ? `, now ${running.slice(0, 3).join(' ')}` : ''
  return `${daysLine({ ended: done + failed.length, total, rate })}${bad}${days}${now}`
}

/** A bar of days, how many there are a minute, and how much longer the others take. */
export function daysLine(far: { ended: number; total: number; rate: number }): string {
  const { ended, total, rate } = far
  const filled = Math.round((total === 0 ? 0 : ended / total) * BAR_CHARS)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_CHARS - filled)}`
  const left = rate > 0 ? `, ${formatSpan(((total - ended) / rate) * 60_000)} left` : ''
  return `${bar} ${ended} of ${total} days, ${rate.toFixed(1)} a minute${left}`
}

/** All that a backfill says of itself. */
export function printProgress(
  progress: BackfillProgress & { readonly id: string; readonly status: string },
): void {
  const { id, status, state, asked, concurrency, startedAt, failed, skipped } = progress
  const now = status === 'running' ? state : status
  print(`${paint('bold', id)}  ${now}`)
  print(`mode ${asked.mode}, ${asked.order} first, ${concurrency} at a time, since ${startedAt}`)
  print(progressLine(progress))
  printFailed(failed)
  printSkipped(skipped)
}

/** How a backfill ended. */
export function printResult(result: BackfillResult): void {
  const { state, total, done, failed, skipped, upToDate, books } = result
  if (state === 'nothing to do') {
    print(`nothing to do: ${upToDate} days are up to date, ${skipped.length} skipped`)
  } else {
    const word = state === 'done' ? paint('green', 'done') : paint('red', 'partial')
    print(`${word}: ${done} of ${total} days built and closed, ${upToDate} were up to date`)
  }
  printFailed(failed)
  printSkipped(skipped)
  if (failed.length > 0) print('fix: see the reasons, then run it again with --mode failed')
  if (books === 'broken') note('books broken; fix: ./upi reconcile of the same days shows where')
}

function printFailed(failed: BackfillResult['failed']): void {
  for (const { date, error } of failed) print(`${paint('red', 'failed')} ${date}  ${error}`)
}

function printSkipped(skipped: readonly DayReason[]): void {
  for (const { date, reason } of skipped.slice(0, SKIPPED_SHOWN_MAX)) {
    print(`${paint('yellow', 'skipped')} ${date}  ${reason}`)
  }
  const more = skipped.length - SKIPPED_SHOWN_MAX
  if (more > 0) print(`… and ${more} more; --json has all`)
}
