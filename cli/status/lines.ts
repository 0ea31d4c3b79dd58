import {
  CLOSE_OVERDUE_SECONDS_MAX,
  CONNECTIONS_BUSY_RATIO_MAX,
  DAILY_AGE_SECONDS_MAX,
  DISK_FREE_RATIO_LOW,
  DISK_FREE_RATIO_MIN,
  MARTS_AGE_SECONDS_MAX,
  TRANSACTION_SECONDS_MAX,
  VIEWER_QUERY_SECONDS_MAX,
} from '../../core/alert-bounds.ts'
import type { Told } from '../../platform/facts/fact-reader.ts'
import type { Closes } from '../../platform/queries/days.ts'
import { SCHEDULES } from '../../workflows/schedules.ts'
import { formatBytes, formatSpan, inIndia } from '../output.ts'
import { count, judge, type LineState, type StatusLine } from './line.ts'
import type { Reading } from './probe.ts'
import type { Readings } from './sources.ts'
import { streamLines } from './stream-lines.ts'
import { figure, ranked } from './told.ts'

/** The page of an operator, judged: everything that was asked, in the order in which one looks. */
export function statusLines(readings: Readings): StatusLine[] {
  return [
    ...streamLines(readings),
    ...dayLines(readings),
    ...scheduleLines(readings),
    ...serverLines(readings),
  ]
}

function dayLines({ facts, closes }: Readings): StatusLine[] {
  const { days, models, books } = facts
  return [
    ...each(days, (reading) =>
      judge({ name: 'days', more: './upi models plan' }, reading, (told) => {
        const overdue = figure(told, 'upi_day_close_overdue_seconds')
        const open = figure(told, 'upi_days_open')
        const failed = figure(told, 'upi_days_failed')
        const last =
          closes !== undefined && 'value' in closes
            ? lastClose(closes.value)
            : 'last close not known'
        const isLate = overdue > CLOSE_OVERDUE_SECONDS_MAX
        const since = isLate ? `; overdue by ${formatSpan(overdue * 1000)}` : ''
        return {
          state: failed > 0 || isLate ? 'act' : 'ok',
          text: `${open} open, ${failed} failed; ${last}${since}`,
        }
      }),
    ),
    ...each(models, (reading) =>
      judge({ name: 'figures', more: './upi models plan' }, reading, (told) => {
        const marks = ranked(told, 'upi_models_oldest_mark_age_seconds')
        const waiting = marks.filter(({ value }) => value > 0)
        const unseen = figure(told, 'upi_models_discovery_age_seconds')
        const oldest = Math.max(unseen, waiting[0]?.value ?? 0)
        const shown = waiting.map(({ label, value }) => `${label} ${formatSpan(value * 1000)}`)
        const of = waiting.length === 0 ? `${count(marks.length, 'model')} built` : shown.join(', ')
        const looked = unseen > 0 ? `; changes unseen for ${formatSpan(unseen * 1000)}` : ''
        return {
          state: oldest > MARTS_AGE_SECONDS_MAX ? 'look' : 'ok',
          text: `${of}${looked}`,
        }
      }),
    ),
    ...each(books, (reading) =>
      judge({ name: 'books', more: './upi reconcile' }, reading, (told) => {
        const is = (told.upi_books ?? []).filter(([value]) => value === 1)
        const by = Object.groupBy(is, ([, labels = {}]) => labels.state ?? '')
        const age = figure(told, 'upi_reconcile_age_seconds')
        const broken = (by.broken ?? []).map(([, labels = {}]) => labels.book)
        const states = Object.entries(by).map(([state, all = []]) => `${all.length} ${state}`)
        const shown = broken.length > 0 ? `broken: ${broken.join(', ')}` : states.join(', ')
        const isLate = age > DAILY_AGE_SECONDS_MAX
        const since = formatSpan(age * 1000)
        const never = isLate ? `never looked at, for ${since}` : 'never looked at'
        return {
          state: broken.length > 0 ? 'act' : isLate ? 'look' : 'ok',
          text: is.length === 0 ? never : `${shown}; all looked at ${since} ago`,
        }
      }),
    ),
  ]
}

function lastClose({ last_closed_at: at }: Closes): string {
  return at === null ? 'none closed yet' : `last close ${timeOf(new Date(at))}`
}

function scheduleLines({ schedules }: Readings): StatusLine[] {
  if (schedules === undefined) return []
  const line = { name: 'schedule', more: './upi schedules list' }
  if ('away' in schedules) {
    const { who, reason, fix } = schedules.away
    const text = [who === 'Temporal' ? reason : `${who}: ${reason}`, fix].filter(Boolean).join('; ')
    return [{ name: 'schedules', more: './upi logs temporal', state: 'act', text }]
  }
  return schedules.value.map(({ id, state, next: [next], last, missed, note }) => {
    const run = last.at(-1)
    const ended = run === undefined ? 'never ran' : `last ${timeOf(run.dueAt)} ${run.outcome}`
    const why = note.startsWith('paused') ? note : `paused (${note})`
    const due = state === 'paused' ? why : `next ${timeOf(next)}`
    const text = state === 'missing' ? 'missing: ./upi schedules apply' : `${due}, ${ended}`
    const isBad = run?.outcome === 'failed' || run?.outcome === 'timed_out'
    const standing: LineState =
      state === 'missing' ? 'act' : isBad || (state === 'paused' && !isMeant(id)) ? 'look' : 'ok'
    const lost = missed === 0 ? '' : `, ${missed} missed`
    return { ...line, state: standing, text: `${id} ${text}${lost}` }
  })
}

function isMeant(id: string): boolean {
  return SCHEDULES.find((each) => each.id === id)?.pausedBecause !== undefined
}

function timeOf(at: Date | undefined): string {
  return at === undefined ? 'never' : inIndia(at).slice(5, 16)
}

function serverLines({ facts }: Readings): StatusLine[] {
  const { backups, sessions, sizes, disk } = facts
  return [
    ...each(backups, (reading) =>
      judge({ name: 'backup', more: './upi backup list' }, reading, (told) => {
        const age = figure(told, 'upi_backup_age_seconds')
        return {
          state: age > DAILY_AGE_SECONDS_MAX ? 'look' : 'ok',
          text: `${formatSpan(age * 1000)} since the newest, or the start`,
        }
      }),
    ),
    ...each(sessions, (reading) => postgresLine(reading, sizes)),
    ...each(sessions, (reading) =>
      judge({ name: 'statements', more: './upi logs postgres' }, reading, (told) => {
        const [query] = ranked(told, 'upi_postgres_longest_query_seconds')
        const [open] = ranked(told, 'upi_postgres_longest_transaction_seconds')
        const viewer = ['upi_report', 'upi_api'].map((role) =>
          figure(told, 'upi_postgres_longest_query_seconds', role),
        )
        const isLong = (open?.value ?? 0) > TRANSACTION_SECONDS_MAX
        const isSlow = Math.max(...viewer) > VIEWER_QUERY_SECONDS_MAX
        return {
          state: isLong || isSlow ? 'look' : 'ok',
          text: `longest ${said(query)}; transaction ${said(open)}`,
        }
      }),
    ),
    ...each(disk, (reading) =>
      judge({ name: 'disk', more: './upi doctor' }, reading, (told) => {
        const disks = ranked(told, 'upi_disk_size_bytes').map(({ label, value }) => ({
          label,
          free: figure(told, 'upi_disk_free_bytes', label),
          share: figure(told, 'upi_disk_free_bytes', label) / value,
        }))
        const [least] = disks.toSorted((a, b) => a.share - b.share)
        if (least === undefined) return { state: 'look', text: 'no folder is known' }
        const { share, free } = least
        const sizes = ranked(told, 'upi_disk_size_bytes')
        const size = sizes.find(({ label }) => label === least.label)?.value
        const names = sizes.filter(({ value }) => value === size).map(({ label }) => label)
        const text = `${formatBytes(free)} free, ${Math.floor(share * 100)} % (${names.join(', ')})`
        return {
          state: share < DISK_FREE_RATIO_MIN ? 'act' : share < DISK_FREE_RATIO_LOW ? 'look' : 'ok',
          text,
        }
      }),
    ),
  ]
}

function postgresLine(reading: Reading<Told>, sizes: Readings['facts']['sizes']): StatusLine {
  const line = { name: 'postgres', more: './upi logs postgres' }
  if ('away' in reading) {
    const { reason, fix } = reading.away
    return { ...line, state: 'act', text: [reason, fix].filter(Boolean).join('; ') }
  }
  const told = reading.value
  const used = ranked(told, 'upi_postgres_connections').reduce((sum, { value }) => sum + value, 0)
  const max = figure(told, 'upi_postgres_connections_max')
  const bytes =
    sizes !== undefined && 'value' in sizes
      ? `; ${formatBytes(figure(sizes.value, 'upi_postgres_database_bytes'))} on disk`
      : ''
  return {
    ...line,
    state: used / max > CONNECTIONS_BUSY_RATIO_MAX ? 'look' : 'ok',
    text: `${used} of ${max} connections${bytes}`,
  }
}

function said(longest: { label: string; value: number } | undefined): string {
  if (longest === undefined || longest.value < 0.05) return '0.0 s'
  return `${formatSpan(longest.value * 1000)} (${longest.label})`
}

/** The lines of what belongs to this stack. */
function each<T>(reading: T | undefined, line: (reading: T) => StatusLine): StatusLine[] {
  return reading === undefined ? [] : [line(reading)]
}
