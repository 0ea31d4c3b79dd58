import { Command, InvalidArgumentError } from 'commander'
import { UpiError } from '../core/errors.ts'
import { addDays, businessDateOf, isDate } from '../core/time.ts'

/** A command in the house's manner: unknown options refused, faults thrown instead of exits, `--verbose` everywhere. */
export function newCommand(name: string, summary: string): Command {
  return new Command(name)
    .summary(summary)
    .description(summary)
    .option('--verbose', 'show the stack trace of a fault and debug log lines')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
}

/** A sub-command of another: the same manner. */
export function subCommand(parent: Command, name: string, summary: string): Command {
  const child = newCommand(name, summary)
  parent.addCommand(child)
  return child
}

/** Parses a day given on the command line; today and yesterday are those of India. */
export function dateOption(value: string): string {
  const today = businessDateOf(Date.now() * 1000)
  if (value === 'today') return today
  if (value === 'yesterday') return addDays(today, -1)
  if (!isDate(value))
    throw new InvalidArgumentError(
      `'${value}' is not a day such as 2026-02-01, today or yesterday.`,
    )
  return value
}

/** Makes a parser for a whole number within bounds. */
export function countOption(min: number, max: number): (value: string) => number {
  return (value) => {
    const count = Number(value)
    if (!/^[0-9]+$/.test(value) || count < min || count > max) {
      throw new InvalidArgumentError(`'${value}' is not a whole number from ${min} to ${max}.`)
    }
    return count
  }
}

/** Refuses a range whose end lies before its beginning. */
export function checkRange(from: string | undefined, to: string | undefined): void {
  if ((from === undefined) !== (to === undefined)) {
    throw new UpiError('OPTION_INVALID', '--from and --to go together')
  }
  if (from !== undefined && to !== undefined && to < from) {
    throw new UpiError('OPTION_INVALID', `--to ${to} lies before --from ${from}`)
  }
}
