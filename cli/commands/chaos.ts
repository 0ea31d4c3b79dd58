import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { countOption, newCommand } from '../command.ts'
import { note } from '../output.ts'
import { runTestScript } from '../run-test-script.ts'

const MINUTES_MAX = 24 * 60
const FAULTS_MAX = 100_000
const RATE_MAX = 20_000
const FAULTS_A_MINUTE = 12

interface Options {
  readonly seed?: string
  readonly minutes: number
  readonly faults?: number
  readonly rate: number
  readonly json?: boolean
}

/** `./upi chaos` */
export function chaosCommand(): Command {
  return newCommand(
    'chaos',
    'Break a stack of its own while traffic flows, then prove that nothing is lost and nothing is doubled.',
  )
    .option('--seed <text>', 'the same seed does the same faults; drawn at random if not given')
    .option('--minutes <n>', 'how long', countOption(1, MINUTES_MAX), 2)
    .option(
      '--faults <n>',
      `how many, spread over the time (default ${FAULTS_A_MINUTE} a minute)`,
      countOption(1, FAULTS_MAX),
    )
    .option(
      '--rate <n>',
      'transactions a second; each has some two messages',
      countOption(1, RATE_MAX),
      2_000,
    )
    .option('--json', 'print the report for machines')
    .addHelpText('after', HELP)
    .action(chaos)
}

const HELP = `
Kinds, targets and times of the faults follow from the seed; which message they meet is the machine's. The stack is
private and is removed afterwards, unless something was wrong: then its home folder is kept and named. Exit 1 if any
book is wrong, a worker ended by itself, or a partition that was left alone stood still for more than 30 s.`

async function chaos(options: Options): Promise<void> {
  const { minutes, rate, json } = options
  const seed = options.seed ?? randomBytes(4).toString('hex')
  const faults = options.faults ?? minutes * FAULTS_A_MINUTE
  note(`chaos with --seed ${seed} --minutes ${minutes} --faults ${faults} --rate ${rate}`)
  const given = { seed, minutes, faults, rate }
  const args = Object.entries(given).map(([name, value]) => `--${name}=${value}`)
  await runTestScript('chaos/main.ts', [...args, ...(json ? ['--json'] : [])])
}
