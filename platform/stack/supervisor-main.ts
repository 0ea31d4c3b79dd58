import { text } from 'node:stream/consumers'
import { supervise } from './supervisor.ts'
import { EXIT_HELD } from './supervisor-exit.ts'

/*
 * The supervisor's process. What to run comes over standard input, since it holds secrets, which neither arguments
 * nor a file should show.
 */
const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort())
process.on('SIGHUP', () => {})
// A log that cannot be written, as on a full disk, ends nobody.
process.stderr.on('error', () => {})
// Whatever we have overlooked must not leave servers without their supervisor.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    process.stderr.write(`${(error as Error)?.stack ?? error}\n`)
    stopping.abort()
  })
}

const options = JSON.parse(await text(process.stdin))
const code = await supervise(options, stopping)
if (code === EXIT_HELD) process.stderr.write('another supervisor holds this home folder\n')
process.exit(code)
