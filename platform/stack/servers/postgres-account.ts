import { UpiError } from '../../../core/errors.ts'
import type { Launch } from '../component.ts'
import { findOnPath, runTool } from '../fetch/run-tool.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** As whom Postgres runs, and the words before its command that make it so. */
export interface PostgresAccount {
  readonly uid?: number
  readonly gid?: number
  readonly prefix: readonly string[]
}

/**
 * Postgres refuses to run as root. A root caller lends it the system user `postgres`, made if need be. That user
 * may not be able to walk to the programs or the data (a 0700 folder above, as mktemp -d makes): then it keeps one
 * capability, to search folders and read files, and no other.
 */
export async function postgresAccount(place: {
  program: string
  folder: string
  env: Environment
  signal: AbortSignal
  /** Only look: make no user. */
  onlyLook?: boolean
}): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return { prefix: [] }
  const { uid, gid } = await systemUser(place)
  const plain = { uid, gid, prefix: [] }
  if (await works(plain, place)) return plain
  const capable = { prefix: searchEverywhere(place.env.PATH, uid, gid) }
  if (capable.prefix.length > 0 && (await works(capable, place))) {
    return { ...capable, uid, gid }
  }
  throw new UpiError(
    'POSTGRES_ROOT',
    `Postgres may not run as root, and the user postgres cannot reach ${place.folder} or ${place.program}`,
    { fix: 'run as an ordinary user, or use a checkout and a UPI_HOME that others may walk to' },
  )
}

async function systemUser(place: { env: Environment; signal: AbortSignal; onlyLook?: boolean }) {
  const { env, signal } = place
  const known = await idOf(env, signal)
  if (known !== undefined) return known
  const args = ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']
  const useradd = findOnPath('useradd', `${env.PATH}:/usr/sbin:/sbin`) ?? 'useradd'
  if (!place.onlyLook) await runTool({ command: useradd, args, env, signal }).catch(() => {})
  const made = await idOf(env, signal)
  if (made !== undefined) return made
  throw new UpiError(
    'POSTGRES_ROOT',
    'Postgres may not run as root, and there is no user postgres to run it as',
    { fix: 'run as an ordinary user, or make one: useradd --system postgres' },
  )
}

async function idOf(env: Environment, signal: AbortSignal) {
  const id = (flag: string) => runTool({ command: 'id', args: [flag, 'postgres'], env, signal })
  try {
    const [uid, gid] = [Number(await id('-u')), Number(await id('-g'))]
    return { uid, gid }
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

function searchEverywhere(path: string | undefined, uid: number, gid: number): string[] {
  const setpriv = findOnPath('setpriv', path)
  if (setpriv === undefined) return []
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  const keep = ['--securebits=+no_setuid_fixup']
  const only = ['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search']
  return [setpriv, ...identity, ...keep, ...only]
}

// The only sure test of what an account can reach is to let it try.
async function works(
  account: PostgresAccount,
  place: { program: string; folder: string; env: Environment; signal: AbortSignal },
): Promise<boolean> {
  const walk = ['sh', '-c', 'test -x "$1" && exec "$0" --version', place.program, place.folder]
  const [command = '', ...args] = [...account.prefix, ...walk]
  const { uid, gid } = account
  const identity = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
  try {
    const { env, signal } = place
    await runTool({ command, args, env, signal, cwd: '/', ...identity })
    return true
  } catch {
    place.signal.throwIfAborted()
    return false
  }
}

/** A launch by the account that Postgres needs. */
export function asAccount(account: PostgresAccount, launch: Launch): Launch {
  const [setpriv, ...words] = account.prefix
  if (setpriv !== undefined) {
    return { ...launch, command: setpriv, args: [...words, launch.command, ...launch.args] }
  }
  const { uid, gid } = account
  return uid === undefined || gid === undefined ? launch : { ...launch, uid, gid }
}
