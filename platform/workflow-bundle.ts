import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { UpiError } from '../core/errors.ts'
import type { Config } from './config.ts'

/**
 * The path of the workflows' bundle, made once for these sources and this version of the worker, then found again.
 * A process of its own makes it: webpack and its compiler would stay in the worker's memory for ever.
 */
export async function workflowBundle({ checkout, cacheDir }: BundlePlace): Promise<string> {
  // What workflows import of other folders are types.
  const [workflows, core] = [join(checkout, 'workflows'), join(checkout, 'core')]
  const folder = join(cacheDir, 'workflows')
  const path = join(folder, `${await fingerprint([workflows, core])}.js`)
  if (existsSync(path)) return path
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new UpiError('CACHE_UNWRITABLE', `${folder}: ${(cause as Error).message}`, {
      fix: 'set UPI_CACHE_DIR to a folder that you may write',
      cause,
    })
  }
  // Two workers that start at once both make it, and put the same file in place.
  const temporary = `${path}.${process.pid}.tmp`
  await makeBundle(join(workflows, 'index.ts'), temporary)
  await rename(temporary, path)
  return path
}

type BundlePlace = Pick<Config, 'checkout' | 'cacheDir'>

const BUNDLER = join(import.meta.dirname, 'bundle-workflows.ts')

async function makeBundle(entry: string, target: string): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [BUNDLER, entry, target])
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string }
    const reason = stderr.trim().split('\n').at(-1) ?? ''
    throw new UpiError('BUG', `the workflows could not be bundled: ${reason}`, { cause })
  }
}

async function fingerprint(sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(workerVersion())
  for (const folder of sources) {
    const names = (await readdir(folder, { recursive: true })).toSorted()
    for (const name of names.filter((each) => /(?<!\.test)\.ts$/.test(each))) {
      hash.update(`\0${name}\0`).update(await readFile(join(folder, name)))
    }
  }
  return hash.digest('hex').slice(0, 24)
}

// A bundle is good for exactly the version of the worker that made it.
function workerVersion(): string {
  const { version } = createRequire(import.meta.url)('@temporalio/worker/package.json')
  return `${version} ${process.version}`
}
