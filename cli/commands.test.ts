import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import * as workflows from '../workflows/index.ts'
import { COMMANDS } from './commands.ts'

const ENTRIES = COMMANDS.flatMap((group) => group.entries)

describe.each(ENTRIES.map((entry) => [entry.name, entry] as const))('./upi %s', (name, entry) => {
  test('is the command of that name', async () => {
    expect((await entry.load()).name()).toBe(name)
  })

  test('--help gives a sentence for the command and for each option', async () => {
    for (const command of withChildren(await entry.load())) {
      const help = await helpOf(command)
      expect(help).toContain(command.description().split(' ')[0])
      for (const { flags, description } of command.options) {
        expect(help).toContain(flags)
        expect(description, `${command.name()} ${flags}`).toMatch(/\S \S/)
      }
      for (const argument of command.registeredArguments) {
        expect(argument.description, `${command.name()} ${argument.name()}`).toMatch(/\S \S/)
      }
    }
  })

  test('refuses an option that it does not have', async () => {
    for (const command of withChildren(await entry.load())) {
      const attempt = command.parseAsync(['--no-such-option'], { from: 'user' })
      await expect(attempt).rejects.toMatchObject({ code: 'commander.unknownOption' })
    }
  })
})

test('each command has a summary that fits on its line of ./upi --help', () => {
  expect(ENTRIES.filter(({ summary }) => summary.length > 70 || summary === '')).toEqual([])
})

test('the help says of each workflow how it is started in the Temporal UI', async () => {
  const commands = (await Promise.all(ENTRIES.map(({ load }) => load()))).flatMap(withChildren)
  const help = (await Promise.all(commands.map(helpOf))).join('').replace(/\s+/g, ' ')
  // Only schedules start it.
  const { tick: _, ...known } = workflows
  for (const name of Object.keys(known)) expect(help).toContain(`${name} on task queue upi`)
})

function withChildren(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withChildren)]
}

async function helpOf(command: Command): Promise<string> {
  let help = ''
  command.configureOutput({
    writeOut: (text) => {
      help += text
    },
  })
  await expect(command.parseAsync(['--help'], { from: 'user' })).rejects.toMatchObject({
    code: 'commander.helpDisplayed',
    exitCode: 0,
  })
  return help
}
