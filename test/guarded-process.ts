import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import type { Launch } from '../platform/stack/component.ts'
import { openLog } from '../platform/stack/log-file.ts'

/** A server that ends with the test process, however that one ends. */
export interface GuardedProcess {
  stop(): Promise<void>
}

/** Starts a server; its output is appended to a log. It is ended by a signal that leaves nothing but its data. */
export function startGuarded(
  { command, args, env, cwd, uid, gid }: Launch,
  { logPath, stopSignal }: { logPath: string; stopSignal: 'KILL' | 'QUIT' },
): GuardedProcess {
  const log = openLog(logPath)
  const guard = spawn('sh', ['-c', GUARD, stopSignal, command, ...args], {
    env,
    cwd,
    // A Ctrl-C at the terminal is ours to act upon.
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  closeSync(log.fd)
  const ended = once(guard, 'close')
  return {
    async stop() {
      guard.stdin?.end()
      await ended
    },
  }
}

// A shell holds the server, and ends it when our end of its input is closed: by us, or by our death.
const GUARD = '"$@" </dev/null & cat >/dev/null; kill -s "$0" $!; wait $!'
