import {
  LAG_MESSAGES_MAX,
  LETTERS_UNRELAYED_MAX,
  REJECTED_MESSAGES_MIN,
  REJECTED_RATIO_MAX,
} from '../../core/alert-bounds.ts'
import { formatSpan } from '../output.ts'
import { count, judge, type StatusLine } from './line.ts'
import type { Readings } from './sources.ts'
import { figure } from './told.ts'

// A partition with messages that nobody has taken for so long stands still: batches are written within a second.
const STUCK_SECONDS = 60

/** How the stream stands. */
export function streamLines({ process, stream, pace, facts }: Readings): StatusLine[] {
  const lines: StatusLine[] = []
  if (process !== undefined) {
    const line = { name: 'stream', more: './upi logs stream' }
    if ('away' in process) {
      lines.push({ ...line, state: 'act', text: process.away.reason })
    } else {
      const { unready, retries, awaited, partitions } = process.value
      const waits = awaited.length === 0 ? '' : `, waits for ${awaited.join(', ')}`
      const text = unready ?? `reads ${count(partitions, 'partition')}`
      const tried = `${retries} retries`
      const isStill = unready !== null || awaited.length > 0
      lines.push({ ...line, state: isStill ? 'act' : 'ok', text: `${text}${waits}; ${tried}` })
    }
  }
  if (stream !== undefined) lines.push(lagLine(stream))
  if (pace !== undefined) {
    lines.push(
      judge({ name: 'rate', more: './upi logs stream' }, pace, (value) => {
        const { messages_last_minute: messages, rejected_last_minute: rejected } = value
        const age = 'value' in (stream ?? {}) ? lastBatch(stream as never) : ''
        const each = (messages / 60).toFixed(1)
        const isBad = rejected > REJECTED_MESSAGES_MIN && rejected / messages > REJECTED_RATIO_MAX
        return {
          state: isBad ? 'look' : 'ok',
          text: `${each} a second${age}; ${rejected} rejected`,
        }
      }),
    )
  }
  if (facts.letters !== undefined) {
    lines.push(
      judge({ name: 'letters', more: './upi rejected list' }, facts.letters, (told) => {
        const open = figure(told, 'upi_dead_letters', 'open')
        const unrelayed = figure(told, 'upi_dead_letters', 'unrelayed')
        return {
          state: open > 0 || unrelayed > LETTERS_UNRELAYED_MAX ? 'look' : 'ok',
          text: `${count(open, 'dead letter')} open, ${unrelayed} not relayed yet`,
        }
      }),
    )
  }
  return lines
}

function lagLine(stream: NonNullable<Readings['stream']>): StatusLine {
  const line = { name: 'lag', more: './upi offsets list' }
  if ('away' in stream) {
    const { who, reason, fix } = stream.away
    const text = [reason, fix].filter(Boolean).join('; ')
    // Postgres has its own line.
    if (who !== 'Kafka') return judge(line, stream, () => ({ state: 'ok', text }))
    return { name: 'lag', more: './upi logs kafka', state: 'act', text }
  }
  const { lag, partitions, last_batch_age_seconds: age } = stream.value
  // Each for itself: others that go on must not hide one that stands still.
  const stuck = partitions.filter(
    (each) => (each.lag ?? 0) > 0 && (each.age_seconds ?? age ?? 0) > STUCK_SECONDS,
  )
  const isStuck = stuck.length > 0
  const isLost = partitions.some(({ lost }) => lost !== null)
  const each = partitions
    .map(({ partition, lag: own }) => `${partition}: ${own ?? 'lost'}`)
    .join(', ')
  const longest = Math.max(...stuck.map((each) => each.age_seconds ?? age ?? 0))
  const who = stuck.map(({ partition }) => partition).join(', ')
  const standing = isStuck ? `, nothing written for ${formatSpan(longest * 1000)} in ${who}` : ''
  return {
    ...line,
    state: isStuck || isLost ? 'act' : lag > LAG_MESSAGES_MAX ? 'look' : 'ok',
    text: `${lag} (${each})${standing}`,
  }
}

function lastBatch(stream: { value: { last_batch_age_seconds: number | null } }): string {
  const age = stream.value.last_batch_age_seconds
  return age === null ? ', nothing written yet' : `, last ${formatSpan(age * 1000)} ago`
}
