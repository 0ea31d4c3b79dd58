import type { ErrorCode } from '../../core/errors.ts'
import type { FetchContext, Fetched } from './fetch/part.ts'

/** A part of the stack, as the supervisor sees it: how to get, start, ask and stop it. */
export interface Component {
  readonly name: string
  readonly kind: 'server' | 'process' | 'step'
  /** It runs elsewhere: only probed. */
  readonly external: boolean
  /** Where it cannot be had or does not start, one line says so and the rest runs; nothing waits for it. */
  readonly optional?: true
  readonly needs: readonly string[]
  readonly address: string
  readonly version: string
  /** What it means when an external one does not answer. */
  readonly unavailable?: ErrorCode
  /** Ports it will listen on. */
  readonly ports: readonly number[]
  readonly readyMsMax: number
  readonly graceMsMax: number
  readonly stopSignal: NodeJS.Signals
  /** Brings its programs to this machine; called once, beside those of the others. */
  fetch?(context: FetchContext): Promise<Fetched>
  /** Makes all ready for a start; called before each, and must not mind what an earlier one left. */
  prepare?(context: PrepareContext): Promise<Launch>
  /** Throws until the component is ready; an UpiError says that it never will be. */
  probe?(): Promise<void>
  /**
   * Throws unless its process shows that it lives, however little it can do without others, and however late within
   * the time it is given. Who never asks this is never found to hang.
   */
  alive?(answerMsMax: number, pid: number): Promise<void>
  /** To end it by force would cost too much: when it was stopped it is let go on, else its silence is only told. */
  readonly spared?: true
}

export interface PrepareContext {
  readonly fetched: Fetched | undefined
  readonly signal: AbortSignal
  /** Where what preparation prints belongs. */
  readonly logPath: string
}

/** How to start a process. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly uid?: number
  readonly gid?: number
}
