import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { Screen } from './screen.ts'

test('a page is drawn over the last one within the terminal, without wiping it first', () => {
  const terminal = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns: 20, rows: 4 })
  const screen = new Screen(terminal as unknown as NodeJS.WriteStream)
  terminal.read()
  screen.draw(['short', 'x'.repeat(30), 'third', 'fourth', 'fifth'])
  const drawn = String(terminal.read())
  const lines = stripVTControlCharacters(drawn).split('\r\n')
  expect(lines).toHaveLength(4)
  expect(lines.every((line) => line.length <= 20)).toBe(true)
  expect(lines.at(-1)).toContain('2 more lines')
  // Home, then each line wipes its own rest: the whole screen is never empty.
  expect(drawn.startsWith('\u001b[H')).toBe(true)
  expect(drawn).not.toContain('\u001b[2J')
})
