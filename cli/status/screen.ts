import { cutLine } from './page.ts'

const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const END_OF_LINE = '\u001b[K'
const BELOW = '\u001b[J'

/**
 * The terminal as one page that is drawn over itself: every line ends by wiping what stood behind it, and nothing is
 * wiped before, so that nothing flickers. What the terminal showed before is back when it is left.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream
    stream.write(ENTER)
    process.once('exit', () => stream.write(LEAVE))
  }

  get columns(): number {
    return this.#stream.columns
  }

  get rows(): number {
    return this.#stream.rows
  }

  /** Shows lines, as many as there is room for. */
  draw(lines: readonly string[]): void {
    const { columns, rows } = this
    const hidden = lines.length - rows
    const shown =
      hidden <= 0
        ? lines
        : [...lines.slice(0, rows - 1), `… ${hidden + 1} more lines; enlarge the terminal`]
    const text = shown.map((line) => `${cutLine(line, columns)}${END_OF_LINE}`).join('\r\n')
    this.#stream.write(`${HOME}${text}${BELOW}`)
  }

  /** Calls back when the terminal has another size. */
  onResize(listener: () => void): void {
    this.#stream.on('resize', listener)
  }
}
