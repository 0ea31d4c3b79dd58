import { type Command, Option } from 'commander'
import { BACKFILL_MODES, BACKFILL_ORDERS } from '../../core/backfill.ts'
import { BACKFILL_CONCURRENCY_DEFAULT, BACKFILL_CONCURRENCY_MAX } from '../../core/limits.ts'
import { countOption, dateOption, newCommand, subCommand } from '../command.ts'

const ID = 'its id, backfill/<from>..<to>, or the range alone'
const JSON_TEXT = 'print for machines'
const concurrency = countOption(1, BACKFILL_CONCURRENCY_MAX)

/** `./upi backfill` */
export function backfillCommand(): Command {
  const command = newCommand('backfill', 'Build and close the days of a range that need it.')
    .option('--from <day>', 'first business date', dateOption)
    .option('--to <day>', 'last business date', dateOption)
    .addOption(
      new Option('--mode <mode>', 'which days')
        .choices([...BACKFILL_MODES])
        .default(BACKFILL_MODES[0]),
    )
    .option(
      '--concurrency <days>',
      'how many days at a time',
      concurrency,
      BACKFILL_CONCURRENCY_DEFAULT,
    )
    .addOption(
      new Option('--order <order>', 'which days first')
        .choices([...BACKFILL_ORDERS])
        .default(BACKFILL_ORDERS[0]),
    )
    .option('--dry-run', 'only show the days and why each')
    .option('--detach', 'start it and return')
    .option('--json', JSON_TEXT)
    .addHelpText('after', HELP)
    .action(async (options) => (await run()).backfill(options))
  withId(command, 'status', 'Show where a backfill stands; without an id, the latest ones.', '[id]')
    .option('--json', JSON_TEXT)
    .action(async (id, _, self) => (await run()).showStatus(id, self.optsWithGlobals()))
  withId(command, 'pause', 'Begin no more days; those in hand are built to their end.').action(
    async (id) => (await run()).tell('pause', id),
  )
  withId(command, 'resume', 'Let a paused backfill go on.').action(async (id) =>
    (await run()).tell('resume', id),
  )
  withId(command, 'cancel', 'End it: days in hand are undone, days that are built stay.').action(
    async (id) => (await run()).cancel(id),
  )
  withId(command, 'concurrency', 'Build more or fewer days at a time from now on.')
    .argument('<days>', `1 to ${BACKFILL_CONCURRENCY_MAX}`, concurrency)
    .action(async (id, days) => (await run()).tell('setConcurrency', id, days))
  return command
}

const HELP = `
missing: days that are over and not closed, or not built as the models are now; failed: days whose last build failed;
all: every day that is over. Run twice, the second does nothing. Ctrl-C detaches; the backfill goes on.
In the Temporal UI: workflow backfillRange on task queue upi, id backfill/<from>..<to>, input {"from": "2026-01-01",
"to": "2026-01-31"} and if wished "mode", "concurrency", "order", "actor"; updates pause, resume, setConcurrency; query
progress. With "dryRun": true, as backfill/<from>..<to>/dry-run, its result is the plan.`

function withId(parent: Command, name: string, summary: string, id = '<id>'): Command {
  return subCommand(parent, name, summary).argument(id, ID)
}

async function run() {
  return await import('../run-backfill.ts')
}
