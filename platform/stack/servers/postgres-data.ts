import { appendFileSync, chownSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../../core/errors.ts'
import type { PrepareContext } from '../component.ts'
import { runTool } from '../fetch/run-tool.ts'
import { homePaths } from '../home.ts'
import type { StackOptions } from '../options.ts'
import { allPids, signalProcess, startToken, whereabouts } from '../process-table.ts'
import { asAccount, type PostgresAccount } from './postgres-account.ts'
import { serverEnvironment } from './server-environment.ts'

/**
 * Makes the data folder once: beside its place, and renamed when complete, so that an interrupted start leaves
 * nothing to stumble over.
 */
export async function initializeData(making: {
  options: StackOptions
  account: PostgresAccount
  context: PrepareContext
  admin: string
  programs: string
}): Promise<void> {
  const { options, account, context, admin } = making
  const folder = homePaths(options.home).postgres
  const [data, fresh, secret] = ['data', 'data.new', 'password'].map((name) => join(folder, name))
  if (data === undefined || fresh === undefined || secret === undefined) return
  if (existsSync(join(data, 'PG_VERSION'))) return
  rmSync(fresh, { recursive: true, force: true })
  try {
    writeSecret(secret, options.secrets.postgresPassword, account)
    const flags = ['--encoding=UTF8', '--locale=C', '--data-checksums', '--no-instructions']
    const { command, args, env, cwd, uid, gid } = asAccount(account, {
      command: join(making.programs, 'initdb'),
      args: ['-D', fresh, '-U', admin, '-A', 'scram-sha-256', `--pwfile=${secret}`, ...flags],
      env: serverEnvironment(options.env),
      cwd: folder,
    })
    const identity = uid === undefined || gid === undefined ? {} : { uid, gid }
    const output = await runTool({ command, args, env, cwd, signal: context.signal, ...identity })
    appendFileSync(context.logPath, output)
    renameSync(fresh, data)
  } catch (cause) {
    context.signal.throwIfAborted()
    const reason = (cause as Error).message
    throw new UpiError('COMPONENT_FAILED', `the database folder cannot be made: ${reason}`, {
      fix: `look into ${context.logPath}`,
      cause,
    })
  } finally {
    rmSync(secret, { force: true })
  }
}

/** Ends backends whose server was killed: while one lives, no other server may open the data. */
export async function clearBackends(data: string): Promise<void> {
  const orphans = backendsIn(data)
  for (const orphan of orphans) signalProcess(orphan, 'SIGQUIT')
  const end = Date.now() + ORPHAN_MS_MAX
  while (backendsIn(data).length > 0 && Date.now() < end) await sleep(POLL_MS)
  for (const orphan of backendsIn(data)) signalProcess(orphan, 'SIGKILL')
  if (process.platform !== 'linux' || backendsIn(data).length > 0) return
  // Its pid may belong to somebody else by now, which would keep Postgres from starting.
  rmSync(join(data, 'postmaster.pid'), { force: true })
}

const ORPHAN_MS_MAX = 2_000
const POLL_MS = 20

function backendsIn(data: string) {
  return allPids().flatMap((pid) => {
    const where = whereabouts(pid)
    if (where?.cwd !== data || basename(where.program) !== 'postgres') return []
    const token = startToken(pid)
    return token === undefined ? [] : [{ pid, token }]
  })
}

function writeSecret(path: string, password: string, account: PostgresAccount): void {
  writeFileSync(path, `${password}\n`, { mode: 0o600 })
  if (account.uid !== undefined && account.gid !== undefined) {
    chownSync(path, account.uid, account.gid)
  }
}
