import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { CHECKOUT } from '../platform/config.ts'
import { COMMANDS } from './commands.ts'

const PAGES = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md']
const ENTRIES = COMMANDS.flatMap((group) => group.entries)

test.each(PAGES)('%s calls commands that there are, with options that they have', async (page) => {
  const text = readFileSync(join(CHECKOUT, page), 'utf8')
  const calls = [...text.matchAll(/\.\/upi ([a-z][^\n`"#;)]*)/g)].map(([, words = '']) =>
    words.trim(),
  )
  for (const call of calls) {
    const [name, ...words] = call.split(/\s+/)
    const command = await ENTRIES.find((entry) => entry.name === name)?.load()
    expect(command, `./upi ${call}`).toBeDefined()
    if (command !== undefined) expect(unknownOptions(command, words), `./upi ${call}`).toEqual([])
  }
})

function unknownOptions(command: Command, words: readonly string[]): string[] {
  const [first, ...rest] = words
  const child = command.commands.find((each) => each.name() === first)
  if (child !== undefined) return unknownOptions(child, rest)
  if (command.commands.length > 0 && first !== undefined && !first.startsWith('-')) return [first]
  const known = command.options.flatMap(({ short, long }) => [short, long])
  return words.filter(
    (word) => /^--?[a-z]/.test(word) && !known.includes(word) && word !== '--help',
  )
}
