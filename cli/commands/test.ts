import { Argument, type Command } from 'commander'
import { CHECKOUT } from '../../platform/config.ts'
import { newCommand } from '../command.ts'

interface Kind {
  /** Of vitest.config.ts; none for all. */
  readonly projects: string[]
  readonly under?: string
}

const KINDS: Readonly<Record<string, Kind>> = {
  unit: { projects: ['unit'] },
  integration: { projects: ['integration', 'repository'] },
  browser: { projects: ['integration'], under: 'test/browser/' },
  all: { projects: [] },
}

interface Options {
  testNamePattern?: string
  verbose?: boolean
}

/** `./upi test` */
export function testCommand(): Command {
  return newCommand('test', 'Run the tests; the last line says how many passed and failed.')
    .addArgument(new Argument('[kind-or-file]', `${Object.keys(KINDS).join(', ')}, or a file`))
    .argument('[files...]', 'only test files whose path contains one of these')
    .option('-t, --test-name-pattern <pattern>', 'only tests whose name matches this expression')
    .addHelpText('after', HELP)
    .action(test)
}

const HELP = `
unit         beside the files they test: no server, seconds
integration  in test/: real Postgres, Kafka, registry and Temporal
browser      in test/browser/: the web console
all          everything, the default

Servers: containers where a Docker engine answers, else a running ./upi up, else a local stack for the tests alone.`

async function test(first: string | undefined, rest: string[], options: Options): Promise<void> {
  const kind = KINDS[first ?? 'all']
  const files = kind === undefined && first !== undefined ? [first, ...rest] : rest
  const { projects, under } = kind ?? { projects: [] }
  const pattern = options.testNamePattern
  // Loaded here: it is no part of an installation without development packages.
  const { createVitest } = await import('vitest/node')
  const vitest = await createVitest({
    root: CHECKOUT,
    watch: false,
    project: projects,
    // A kind of which there are no tests yet is no failure; a file that is not there is.
    passWithNoTests: files.length === 0,
    // A snapshot that is missing is a fault here, and not an order to write one.
    update: 'none',
    ...(pattern === undefined ? {} : { testNamePattern: pattern }),
  })
  try {
    await vitest.start(files.length === 0 && under !== undefined ? [under] : files)
  } catch (fault) {
    // Said by Vitest already.
    if ((fault as { code?: unknown }).code !== 'VITEST_FILES_NOT_FOUND') throw fault
  } finally {
    await vitest.close()
  }
}
