import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../cli/commands.ts'
import { runbookOf } from '../grafana/alerts/alert.ts'
import { ALERTS } from '../grafana/alerts/index.ts'
import { CHECKOUT } from '../platform/config.ts'
import { filesOf, readText } from './repository.ts'

const PAGES = filesOf('docs/runbooks/*.md')
const FAILURES = 'docs/failures.md'
const LINES_MAX = 40

test('every alert has its page, and every page its alert', () => {
  expect(PAGES.map(({ path }) => path).toSorted()).toEqual(ALERTS.map(runbookOf).toSorted())
  for (const alert of ALERTS) expect(readText(runbookOf(alert))).toMatch(`# ${alert.name}\n`)
})

test.each(PAGES)(
  '$path says what it means, how to see it, what to do and when it is over',
  ({ text }) => {
    const titles = [...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    expect(titles).toEqual([
      'What it means',
      'How to see it',
      'What to do',
      'How to prove that it is over',
    ])
    expect(text.split('\n').length).toBeLessThanOrEqual(LINES_MAX)
  },
)

test('commands in them exist, with their options', async () => {
  const commands = new Map<string, Command>()
  const entries = COMMANDS.flatMap((group) => group.entries)
  for (const { name, load } of entries) commands.set(name, await load())
  const said = [...PAGES, { path: FAILURES, text: readText(FAILURES) }].flatMap(({ path, text }) =>
    [...text.matchAll(/\.\/upi ([^`\n#;]*)/g)].map(([, line = '']) => ({ path, line })),
  )
  expect(said.length).toBeGreaterThan(PAGES.length)
  const wrong = said.flatMap(({ path, line }) => {
    const fault = faultOf(commands, wordsOf(line))
    return fault === undefined ? [] : [`${path}: ./upi ${line.trim()}: ${fault}`]
  })
  expect(wrong).toEqual([])
  expect(faultOf(commands, ['backfill', 'stop'])).toBe('no command stop')
  expect(faultOf(commands, ['reconcile', '--day', 'today'])).toBe('no option --day')
})

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word)
}

function faultOf(
  commands: ReadonlyMap<string, Command>,
  [name = '', ...words]: readonly string[],
): string | undefined {
  let command = commands.get(name)
  if (command === undefined) return `no command ${name}`
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word.startsWith('-')) {
      const option = command.options.find(({ short, long }) => short === word || long === word)
      if (option === undefined) return `no option ${word}`
      if (option.required) at += 1
      continue
    }
    const sub: Command | undefined = command.commands.find((each) => each.name() === word)
    if (sub === undefined && command.registeredArguments.length === 0) return `no command ${word}`
    command = sub ?? command
  }
  return undefined
}

describe('links', () => {
  const pages = [...PAGES, { path: FAILURES, text: readText(FAILURES) }]
  const links = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, words = '', target = '']) => ({
      path,
      words,
      target: join(dirname(path), target),
    })),
  )

  test('lead to files', () => {
    expect(links.filter(({ target }) => !existsSync(join(CHECKOUT, target)))).toEqual([])
  })

  test('to tests say how the test begins', () => {
    const toTests = links.filter(({ target }) => target.endsWith('.test.ts'))
    expect(toTests.length).toBeGreaterThan(30)
    expect(toTests.filter(({ words, target }) => !readText(target).includes(words))).toEqual([])
  })
})
