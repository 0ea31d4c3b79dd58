import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { environmentOf, loadConfig } from '../platform/config.ts'
import { plainEnvironment } from './plain-environment.ts'
import { accessOf, type Servers } from './servers.ts'

/** Starts the local stack's servers for this run, or joins those of another run in this checkout. */
export async function startLocalServers(): Promise<Servers> {
  const home = join(loadConfig().home, 'test')
  const holder = spawn(process.execPath, [join(import.meta.dirname, 'hold-stack.ts'), home], {
    // A session of its own: it must outlive a Ctrl-C that reaches this one, and notices this one's end.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: environmentOf(),
  })
  const ended = once(holder, 'exit')
  const answer = await Promise.race([once(createInterface(holder.stdout), 'line'), ended])
  const fault = faultIn(answer[0])
  if (fault !== undefined) throw new Error(fault)
  return {
    about: `a local stack in ${home}`,
    ...accessOf(loadConfig({ ...plainEnvironment(), UPI_HOME: home })),
    async stop({ keep }) {
      if (keep) {
        holder.stdin.write('keep\n')
        const start = `UPI_HOME=${home} ./upi up --only postgres`
        process.stderr.write(`test servers: data kept until the next run; to look: ${start}\n`)
      }
      holder.stdin.end()
      await ended
    },
  }
}

function faultIn(answer: unknown): string | undefined {
  if (typeof answer === 'string') return JSON.parse(answer).fault
  return `the process that holds the test servers ended with ${answer}`
}
