import { CommanderError } from 'commander'
import { ERRORS, EXIT_CODES, UpiError } from '../core/errors.ts'
import { COMMANDS } from './commands.ts'
import { note, paint, print } from './output.ts'

/** Runs one command line and gives the exit code: 0 done, 1 no, 2 wrong use, 3 the outside is unavailable. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    printOverview()
    return name === undefined ? 2 : 0
  }
  try {
    const entry = COMMANDS.flatMap((group) => group.entries).find((each) => each.name === name)
    if (entry === undefined) {
      throw new UpiError('OPTION_INVALID', `there is no command '${name}'`, {
        fix: 'see ./upi --help',
      })
    }
    const command = await entry.load()
    command.name(`./upi ${name}`)
    await command.parseAsync(rest, { from: 'user' })
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (fault) {
    return report(fault, args.includes('--verbose'))
  }
}

function printOverview(): void {
  print('./upi: a UPI data platform. Kafka to Postgres, Temporal workflows, typed SQL models.\n')
  for (const { group, entries } of COMMANDS) {
    print(paint('bold', group))
    for (const entry of entries) print(`  ${entry.name.padEnd(11)}${entry.summary}`)
    print()
  }
  print('./upi COMMAND --help explains a command. Exit codes: 0 done, 1 the answer is no,')
  print('2 wrong use, 3 something outside is unavailable.')
}

function report(fault: unknown, verbose: boolean): number {
  if (fault instanceof CommanderError) {
    if (fault.exitCode === 0) return 0
    // A command that is nothing without a sub-command has shown its help.
    if (fault.code === 'commander.help') return 2
    note(`upi: ${fault.message.replace(/^error: /, '').replaceAll('\n', ' ')}`)
    return 2
  }
  if (verbose) console.error(fault)
  if (fault instanceof UpiError) {
    const fix = fault.fix === undefined ? '' : `; fix: ${fault.fix}`
    note(`upi: ${paint('red', fault.message, process.stderr)}${fix}`)
    return EXIT_CODES[fault.kind]
  }
  const message = fault instanceof Error ? fault.message : String(fault)
  note(`upi: ${message || ERRORS.BUG.summary} (--verbose shows where)`)
  return EXIT_CODES.bug
}

// `./upi status | head -1` closes our stdout: not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

// A terminal that has hung up takes no more words; what must be done on SIGHUP is done all the same.
process.stderr.on('error', () => {})

process.exitCode = await main(process.argv.slice(2))
// What the reader of a pipe or socket has not taken yet would be lost.
await new Promise((resolve) => process.stdout.write('', resolve))
// A command may leave handles open that nobody waits for any more; what matters has been awaited.
process.exit()
