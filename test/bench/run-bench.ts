import { note } from '../../cli/output.ts'
import { EXIT_CODES, EXIT_INTERRUPTED, UpiError } from '../../core/errors.ts'
import { Shutdown } from '../../platform/shutdown.ts'
import { createLogger } from '../../platform/telemetry.ts'

/** Runs a bench as a process: options as JSON in the first argument; places removed however it ends; faults in one line. */
export async function runBench<Options extends { verbose?: boolean }>(
  bench: (options: Options, shutdown: Shutdown) => Promise<void>,
): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as Options
  const level = options.verbose === true ? 'debug' : 'warn'
  const shutdown = new Shutdown(createLogger({ process: 'bench', level, pretty: false }))
  try {
    await bench(options, shutdown)
  } catch (fault) {
    process.exitCode = shutdown.signal.aborted ? EXIT_INTERRUPTED : report(fault, options.verbose)
  } finally {
    await shutdown.close()
  }
  process.exit()
}

function report(fault: unknown, verbose: boolean | undefined): number {
  if (verbose === true) console.error(fault)
  const { message, fix } = fault as UpiError
  note(`upi: ${message}${fix === undefined ? '' : `; fix: ${fix}`}`)
  return fault instanceof UpiError ? EXIT_CODES[fault.kind] : EXIT_CODES.bug
}
