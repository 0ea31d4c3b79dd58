import { stripVTControlCharacters } from 'node:util'
import { paint } from '../output.ts'
import type { StatusLine } from './line.ts'

const STYLES = { ok: 'green', look: 'yellow', act: 'red' } as const
const STATE_COLUMNS = 4
const GAP = '  '
const TEXT_COLUMNS_MIN = 20

/** The judged lines within a width: what is well is cut to one line, what is not is said in full. */
export function pageLines(lines: readonly StatusLine[], width: number): string[] {
  const nameColumns = Math.max(...lines.map(({ name }) => name.length))
  const moreColumns = Math.max(...lines.map(({ more }) => more.length))
  const indent = STATE_COLUMNS + nameColumns + 2 * GAP.length
  const room = Math.max(TEXT_COLUMNS_MIN, width - indent - moreColumns - GAP.length)
  return lines.flatMap(({ name, state, text, more }) => {
    const [first = '', ...rest] = state === 'ok' ? [cut(text, room)] : wrap(text, room)
    const head = [paint(STYLES[state], state.padEnd(STATE_COLUMNS)), name.padEnd(nameColumns)]
    return [
      [...head, first.padEnd(room), paint('dim', more)].join(GAP),
      ...rest.map((words) => `${' '.repeat(indent)}${words}`),
    ]
  })
}

/** Cuts text that is not coloured. */
export function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`
}

/** Cuts a line to a width, colours or not. */
export function cutLine(line: string, columns: number): string {
  return lengthOf(line) <= columns ? line : cut(stripVTControlCharacters(line), columns)
}

/** The columns that a line takes on a terminal. */
export function lengthOf(line: string): number {
  return stripVTControlCharacters(line).length
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns)
    const end = space > 0 ? space : columns
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...lines, rest]
}
