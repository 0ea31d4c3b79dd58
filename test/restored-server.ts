import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { CHECKOUT } from '../platform/config.ts'
import { dataOwner } from '../platform/stack/index.ts'
import { programs } from '../platform/stack/servers/postgres.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { plainEnvironment } from './plain-environment.ts'

/** Runs Postgres on a restored data folder while `work` lasts; it is given the URL that leads there instead. */
export async function withRestored(
  data: string,
  url: string,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const port = await freePort()
  const env = plainEnvironment()
  const { signal } = new AbortController()
  const owner = await dataOwner(data, { checkout: CHECKOUT, env, signal })
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=']
  const flags = settings.flatMap((setting) => ['-c', setting])
  const server = spawn(join(programs({ checkout: CHECKOUT }), 'postgres'), ['-D', data, ...flags], {
    stdio: 'ignore',
    cwd: dirname(data),
    env,
    ...owner,
  })
  const ended = once(server, 'close')
  const there = Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href
  try {
    await eventually(() => answers(there), Boolean, 20_000)
    await work(there)
  } finally {
    server.kill('SIGQUIT')
    await ended
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
