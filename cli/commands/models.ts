import type { Command } from 'commander'
import { dateOption, newCommand, subCommand } from '../command.ts'
import type { ModelOptions } from '../with-models.ts'

/** `./upi models` */
export function modelsCommand(): Command {
  const command = newCommand('models', 'The SQL models: what they are, build them, check them.')
  withChoice(subCommand(command, 'list', 'Show each model, what it reads and what it holds.'))
    .option('--json', JSON_TEXT)
    .addHelpText('after', SELECT_HELP)
    .action(async (options) => (await import('../list-models.ts')).listModels(options))
  withChoice(subCommand(command, 'graph', 'Show who reads whom, as a tree.'))
    .option('--json', 'print models and edges for machines')
    .option('--mermaid', 'print a Mermaid flow chart')
    .addHelpText('after', SELECT_HELP)
    .action(async (options) => (await import('../draw-graph.ts')).showGraph(options))
  withRefresh(subCommand(command, 'plan', 'Show what a run would do now, and why; writes nothing.'))
    .addHelpText('after', SELECT_HELP)
    .action(async (options) => (await import('../plan-models.ts')).planNow(options))
  withRefresh(
    subCommand(command, 'run', 'Build all that is dirty, one day of all marts at a time.'),
  )
    .option('--dry-run', 'only show what it would do')
    .addHelpText('after', RUN_HELP)
    .action(run)
  withRange(subCommand(command, 'test', 'Try every check on what the marts hold; writes nothing.'))
    .option('--json', JSON_TEXT)
    .addHelpText('after', TEST_HELP)
    .action(async (options) => (await import('../test-models.ts')).testNow(options))
  subCommand(command, 'docs', 'Write a web site of the models; print its address.')
    .option('--out <folder>', 'where to; by default docs in UPI_HOME')
    .option('--json', JSON_TEXT)
    .addHelpText('after', DOCS_HELP)
    .action(async (options) => (await import('../write-docs.ts')).writeDocs(options))
  subCommand(
    command,
    'artifacts',
    'Write what tools that read dbt read: manifest, catalog, results.',
  )
    .option('--out <folder>', 'where to', 'target')
    .option('--json', 'print the paths for machines')
    .addHelpText('after', ARTIFACTS_HELP)
    .action(async (options) => (await import('../write-artifacts.ts')).printArtifacts(options))
  return command
}

const JSON_TEXT = 'print for machines'

const SELECT_HELP = `
--select takes names, in which * stands for anything, or tag:daily. +m takes what m reads too, m+ what reads it, 2+m and
m+1 so many steps; several by space, comma or a repeated option are taken together.`

const RUN_HELP = `${SELECT_HELP}
A run waits for the one before it. A day that fails its checks keeps its old figures and holds up no other; the exit code
is then 1. Ctrl-C cancels the statement that runs: what is built stays built, nothing is half done.`

const TEST_HELP = `${SELECT_HELP}
Checks of rows look at all that is there. Sums are compared day by day with clean and with other marts; days that a run
would build now are left out, and days in the lake are not compared with clean. Exit 1 if a check fails.`

const DOCS_HELP = `
The site needs no server: open its index.html. It holds no row of any mart.`

const ARTIFACTS_HELP = `
manifest.json (v12) holds the models, their SQL and their checks; catalog.json (v1) what the database has of them;
run_results.json (v6) the last build of each model and day. With OPENLINEAGE_URL or OPENLINEAGE_FILE \`models run\` sends
events of lineage as it goes.`

function withChoice(command: Command): Command {
  return command.option('--select <models>', 'only these; may be repeated', gather)
}

function withRange(command: Command): Command {
  return withChoice(command)
    .option('--from <day>', 'not before this business date', dateOption)
    .option('--to <day>', 'not after this business date', dateOption)
}

function withRefresh(command: Command): Command {
  return withRange(command)
    .option('--full-refresh', 'also what is up to date: these days, and models without days whole')
    .option('--json', JSON_TEXT)
}

async function run(options: ModelOptions & { readonly dryRun?: boolean }): Promise<void> {
  if (options.dryRun === true) await (await import('../plan-models.ts')).planNow(options)
  else await (await import('../run-models.ts')).runNow(options)
}

// commander collects the values of an option that may come more than once by what it is given back.
function gather(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
