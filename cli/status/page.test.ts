import { expect, test } from 'vitest'
import type { StatusLine } from './line.ts'
import { lengthOf, pageLines } from './page.ts'

const LONG = 'the log of partition 2 no longer has offset 4711; ./upi offsets seek --to earliest'
const LINES: StatusLine[] = [
  { name: 'lag', state: 'ok', text: LONG, more: './upi offsets list' },
  { name: 'stream', state: 'act', text: LONG, more: './upi logs stream' },
]

test.each([60, 80, 200])(
  'lines fit into %i columns and begin with their state in a word',
  (width) => {
    const lines = pageLines(LINES, width)
    expect(lines.filter((line) => lengthOf(line) > width)).toEqual([])
    expect(lines[0]).toMatch(/^ok .*\.\/upi offsets list/)
    expect(lines[1]).toMatch(/^act .*\.\/upi logs stream/)
  },
)

test('what is well is cut to a line, what is not is said in full', () => {
  const lines = pageLines(LINES, 60)
  expect(lines[0]).toContain('…')
  const words = lines.slice(1).join(' ').replace('./upi logs stream', '').replaceAll(/\s+/g, ' ')
  expect(words).toContain(LONG)
})
