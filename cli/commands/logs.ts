import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { UpiError } from '../../core/errors.ts'
import { loadHome } from '../../platform/config.ts'
import { logFile, readState, setDebug } from '../../platform/stack/index.ts'
import { countOption, newCommand } from '../command.ts'
import { note, paint, print } from '../output.ts'

const LINES_DEFAULT = 20
const LINES_MAX = 100_000
const FOLLOW_EVERY_MS = 200

/** `./upi logs` */
export function logsCommand(): Command {
  return newCommand('logs', 'Show the logs of the platform’s parts.')
    .argument('[name]', 'one part, such as stream, kafka or supervisor; all when left out')
    .option('-f, --follow', 'go on showing new lines until Ctrl-C')
    .option('-n, --lines <n>', 'how many lines of each', countOption(0, LINES_MAX), LINES_DEFAULT)
    .addOption(
      new Option(
        '--debug <state>',
        'let a process say more while it runs, or as much as its settings say; until it is started again',
      ).choices(['on', 'off']),
    )
    .action(async (name: string | undefined, options: Options) => {
      const home = loadHome()
      if (options.debug !== undefined) {
        await switchDebug(home, name, options.debug === 'on')
        if (options.follow !== true) return
      }
      const names = partsOf(home, name)
      const width = Math.max(...names.map((each) => each.length))
      const show = (each: string, line: string) =>
        print(names.length === 1 ? line : `${paint('dim', `${each.padEnd(width)} |`)} ${line}`)
      const tails = names.map((each) => new Tail(logFile(home, each), (line) => show(each, line)))
      for (const tail of tails) tail.showLast(options.lines)
      if (options.follow === true) await follow(tails)
    })
}

interface Options {
  readonly follow?: boolean
  readonly lines: number
  readonly debug?: 'on' | 'off'
}

async function switchDebug(home: string, name: string | undefined, isWanted: boolean) {
  if (name === undefined) {
    throw new UpiError('OPTION_INVALID', '--debug needs the name of a process', {
      fix: 'choose stream, worker or traffic',
    })
  }
  partsOf(home, name)
  const level = await setDebug(home, name, isWanted)
  note(`${name} logs at ${level}`)
}

function partsOf(home: string, name: string | undefined): string[] {
  const state = readState(home)
  const known = [...(state?.components.map((component) => component.name) ?? []), 'supervisor']
  const existing = known.filter((each) => existsSync(logFile(home, each)))
  if (name === undefined) {
    if (existing.length > 0) return existing
    throw new UpiError('NOT_READY', `no logs in ${home}`, { fix: 'run ./upi up' })
  }
  if (known.includes(name)) return [name]
  throw new UpiError('OPTION_INVALID', `there is no part '${name}'`, {
    fix: `choose from ${known.join(', ')}`,
  })
}

/** One file that grows, and now and then is rotated away and begins again. */
class Tail {
  readonly #path: string
  readonly #show: (line: string) => void
  #position = 0
  #rest = ''

  constructor(path: string, show: (line: string) => void) {
    this.#path = path
    this.#show = show
  }

  showLast(count: number): void {
    if (!existsSync(this.#path)) return
    const text = readFileSync(this.#path, 'utf8')
    this.#position = Buffer.byteLength(text)
    const lines = text.split('\n').filter((line) => line !== '')
    for (const line of lines.slice(Math.max(0, lines.length - count))) this.#show(line)
  }

  async showNew(): Promise<void> {
    if (!existsSync(this.#path)) return
    const { size } = statSync(this.#path)
    if (size < this.#position) this.#position = 0
    if (size === this.#position) return
    const stream = createReadStream(this.#path, {
      encoding: 'utf8',
      start: this.#position,
      end: size - 1,
    })
    let text = this.#rest
    for await (const chunk of stream) text += chunk
    this.#position = size
    const lines = text.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#show(line)
  }
}

async function follow(tails: readonly Tail[]): Promise<void> {
  let isOn = true
  process.once('SIGINT', () => {
    isOn = false
  })
  while (isOn) {
    for (const tail of tails) await tail.showNew()
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_EVERY_MS))
  }
}
