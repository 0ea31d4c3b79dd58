import type { Reading } from './probe.ts'

/** ok: nothing to do. look: somebody should, today. act: now. The bounds are those of the alerts. */
export type LineState = 'ok' | 'look' | 'act'

/** One line of the page: how something stands, and the command that tells more. */
export interface StatusLine {
  readonly name: string
  readonly state: LineState
  readonly text: string
  readonly more: string
}

/** Judges what was told; what nobody has told is to be looked at, for one who is away may hide anything. */
export function judge<T>(
  { name, more }: Pick<StatusLine, 'name' | 'more'>,
  reading: Reading<T>,
  read: (value: T) => Pick<StatusLine, 'state' | 'text'>,
): StatusLine {
  if ('value' in reading) return { name, more, ...read(reading.value) }
  return { name, more, state: 'look', text: `not known: ${reading.away.who} is away` }
}

/** 1 day, 2 days. */
export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
