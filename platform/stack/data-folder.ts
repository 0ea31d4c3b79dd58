import { dirname, join } from 'node:path'
import { nearestFolder } from '../make-folder.ts'
import { homePaths } from './home.ts'
import { programs } from './servers/postgres.ts'
import { postgresAccount } from './servers/postgres-account.ts'
import { serverEnvironment } from './servers/server-environment.ts'

/** Where the local stack of a home has Postgres' data. */
export function dataFolder(home: string): string {
  return join(homePaths(home).postgres, 'data')
}

/** Whose files a data folder must be, where that is not the caller: a root caller lends Postgres another account. */
export async function dataOwner(
  target: string,
  options: { checkout: string; env: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const { uid, gid } = await postgresAccount({
    program: join(programs(options), 'postgres'),
    folder: nearestFolder(dirname(target)),
    env: serverEnvironment(options.env),
    signal: options.signal,
  })
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}
