import { type ErrorCode, UpiError } from '../../core/errors.ts'
import { type Child, describeExit, type Exit } from './child.ts'
import type { Component } from './component.ts'
import { logFile } from './home.ts'
import { lastLines } from './log-file.ts'
import { portHolder } from './ports.ts'

/** Why a component ended, in one line with the fix where its log tells the cause. */
export function explainEnd(
  component: Component,
  child: Child,
  ended: { exit: Exit; fault: Error | undefined; home: string },
): UpiError {
  if (ended.fault instanceof UpiError) return ended.fault
  const path = logFile(ended.home, component.name)
  const lines = lastLines(path, child.logStart)
  const what = ended.fault?.message ?? describeExit(ended.exit)
  return knownCause(lines, component.ports) ?? unknownCause(what, lines, path)
}

/** The cause that a line of a log betrays. */
export function knownCause(
  lines: readonly string[],
  ports: readonly number[],
): UpiError | undefined {
  const known = CAUSES.find(({ sign }) => lines.some((line) => sign.test(line)))
  if (known === undefined) return undefined
  const holders = ports.map((port) => [port, portHolder(port)] as const)
  const holder = holders.find(([, who]) => who !== undefined)
  const named = known.code === 'PORT_TAKEN' && holder !== undefined
  const text = named ? `${known.text}: ${holder[0]} by ${holder[1]}` : known.text
  return new UpiError(known.code, text, { fix: known.fix })
}

const CAUSES: readonly { sign: RegExp; code: ErrorCode; text: string; fix: string }[] = [
  {
    sign: /no space left on device|disk.*full/i,
    code: 'DISK_FULL',
    text: 'the disk is full',
    fix: 'free some space, or set UPI_HOME to a folder on a larger disk',
  },
  {
    sign: /address already in use|could not bind|Port \d+ seems to be used/i,
    code: 'PORT_TAKEN',
    text: 'a port of it is taken',
    fix: 'stop that program, or set UPI_PORT_BASE to another range of 20 free ports',
  },
  {
    sign: /UnsupportedClassVersionError/,
    code: 'TOOL_MISSING',
    text: 'Java is too old',
    fix: 'install Java 17 or newer, or set JAVA_HOME',
  },
  {
    sign: /could not create shared memory|OutOfMemoryError|Cannot allocate memory/i,
    code: 'COMPONENT_FAILED',
    text: 'the machine has not enough memory',
    fix: 'free at least 2 GB of memory',
  },
  {
    sign: /database files are incompatible with server/i,
    code: 'COMPONENT_FAILED',
    text: 'the data was written by another major version of Postgres',
    fix: 'use the version of the platform that wrote it, or start afresh with ./upi down --wipe',
  },
]

function unknownCause(what: string, lines: readonly string[], path: string): UpiError {
  const last = lines.at(-1)
  const text = last === undefined ? what : `${what}: ${last.trim()}`
  return new UpiError('COMPONENT_FAILED', text, { fix: `look into ${path}` })
}
