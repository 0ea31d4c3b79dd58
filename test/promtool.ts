import { execFile } from 'node:child_process'

/** Runs Prometheus' own checker; gives what it says, and throws it where it says no. */
export async function promtool(...args: readonly string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    execFile('promtool', args, (error, stdout, stderr) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') reject(new Error(MISSING))
      else if (error === null) resolve(stdout)
      else reject(new Error(`${stdout}${stderr}`))
    })
  })
}

/** What a test says on a machine without Prometheus. */
export const MISSING =
  'prometheus and promtool are not installed; fix: apt-get install --no-install-recommends prometheus'
