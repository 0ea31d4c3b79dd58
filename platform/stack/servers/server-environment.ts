import { STACK_MARK } from '../leftovers.ts'

/**
 * The few names of the caller's environment that a server may see: others, such as PGDATA or QUARKUS_…, would
 * change how it runs behind our back.
 */
export function serverEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    SEEN.flatMap((name) => {
      const value = env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

const SEEN = [
  STACK_MARK,
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'TMPDIR',
  'JAVA_HOME',
  'LD_LIBRARY_PATH',
]
