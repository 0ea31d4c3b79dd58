import { join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { findOnPath, runTool } from '../fetch/run-tool.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The Java to run servers with; refuses when there is none or it is too old. */
export async function findJava(env: Environment, signal: AbortSignal): Promise<Java> {
  const command =
    env.JAVA_HOME === undefined || env.JAVA_HOME === ''
      ? findOnPath('java', env.PATH)
      : join(env.JAVA_HOME, 'bin', 'java')
  if (command === undefined) {
    throw new UpiError('TOOL_MISSING', 'java is not on PATH, and JAVA_HOME is not set', {
      fix: FIX,
    })
  }
  const text = await versionText(command, env, signal)
  const major = javaMajor(text)
  if (major === undefined || major < JAVA_MAJOR_MIN) {
    const found = text.split('\n')[0] ?? ''
    throw new UpiError('TOOL_MISSING', `${command} is not Java 17 or newer (${found})`, {
      fix: FIX,
    })
  }
  return { command, major }
}

export interface Java {
  readonly command: string
  readonly major: number
}

/** The major version in what `java -version` prints; 8 calls itself 1.8. */
export function javaMajor(text: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(text)
  return match === null ? undefined : Number(match[1])
}

/** glibc gives each thread an arena of its own; two are enough and save some 30 MB a server. */
export const JAVA_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' }

const JAVA_MAJOR_MIN = 17
const FIX =
  'install Java 17 or newer (Debian: apt install openjdk-17-jre-headless), or set JAVA_HOME'

async function versionText(command: string, env: Environment, signal: AbortSignal) {
  try {
    return await runTool({ command, args: ['-version'], env, signal })
  } catch (cause) {
    signal.throwIfAborted()
    throw new UpiError('TOOL_MISSING', `${command} does not run: ${(cause as Error).message}`, {
      fix: FIX,
      cause,
    })
  }
}
