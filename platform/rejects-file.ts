import { type FileHandle, open } from 'node:fs/promises'
import { UpiError } from '../core/errors.ts'
import type { LineReject } from '../core/import/line.ts'

/** A line that was refused, as it stood. */
export interface RejectedLine {
  readonly file: string
  readonly line: number
  readonly reasons: readonly LineReject[]
  readonly text: string
}

/** Where refused lines are kept, one JSON object a line. It holds personal data: only its owner may read it. */
export class RejectsFile {
  readonly #handle: FileHandle

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Makes the file; one that holds something is added to, or else left alone. */
  static async open(path: string, { append }: { append: boolean }): Promise<RejectsFile> {
    const handle = await open(path, 'a', 0o600).catch((cause: Error) => {
      throw new UpiError('OPTION_INVALID', `${path} cannot be written: ${cause.message}`, { cause })
    })
    if (append || (await handle.stat()).size === 0) return new RejectsFile(handle)
    await handle.close()
    throw new UpiError('OPTION_INVALID', `${path} holds something already`)
  }

  async write(lines: readonly RejectedLine[]): Promise<void> {
    if (lines.length === 0) return
    const texts = lines.map(({ file, line, reasons, text }) =>
      JSON.stringify({
        file,
        line,
        codes: reasons.map(({ code }) => code),
        reasons: reasons.map(({ detail }) => detail),
        text,
      }),
    )
    await this.#handle.appendFile(`${texts.join('\n')}\n`)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
