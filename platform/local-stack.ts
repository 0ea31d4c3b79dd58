import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../core/errors.ts'
import { makeFolder } from './make-folder.ts'

/** What the settings need to know of the local stack: where it lives and the secrets made for it. */
export interface LocalStack {
  readonly home: string
  readonly portBase: number
  /** Undefined until the first `up`. */
  readonly secrets: Secrets | undefined
  postgresUrl(user: string, password: string | undefined): string | undefined
}

/** The secrets of the local stack, made at random by the first `up` and kept with mode 0600. */
export type Secrets = Record<(typeof SECRET_NAMES)[number], string>

const SECRET_NAMES = [
  'postgres',
  'upi_ingest',
  'upi_transform',
  'upi_api',
  'upi_report',
  'upi_backup',
  'registry',
  'grafana',
  'grafana_key',
  'pii_key',
] as const

/** The first port of a stack that is told nothing else. */
export const PORT_BASE_DEFAULT = 29_000

/** Reads what earlier runs have left in the home folder; nothing is created. */
export function localStack(home: string, portBaseAsked?: number): LocalStack {
  const kept = readJson<{ portBase?: number }>(join(home, 'stack.json'))
  const portBase = portBaseAsked ?? kept?.portBase ?? PORT_BASE_DEFAULT
  return {
    home,
    portBase,
    secrets: readJson<Secrets>(join(home, 'secrets.json')),
    postgresUrl: (user, password) =>
      password === undefined
        ? undefined
        : `postgres://${user}:${password}@127.0.0.1:${portBase}/upi`,
  }
}

/** Makes the home folder with its secrets and remembers the port base: for one who alone starts a stack there. */
export function prepareHome(home: string, portBase: number): Secrets {
  const secrets = ensureSecrets(home)
  rememberPortBase(home, portBase)
  return secrets
}

/** Makes the home folder with its secrets. Of two first starts at once both use one set. */
export function ensureSecrets(home: string): Secrets {
  return writing(home, () => {
    makeFolder(home)
    const path = join(home, 'secrets.json')
    const secrets = readJson<Secrets>(path) ?? makeFile(path, makeSecrets(), 0o600)
    const complete = { ...makeSecrets(), ...secrets }
    const isComplete = Object.keys(complete).length === Object.keys(secrets).length
    if (!isComplete) writeAtomically(path, complete, 0o600)
    return complete
  })
}

/** Notes where the stack of this home is found by later commands; only who has started it may. */
export function rememberPortBase(home: string, portBase: number): void {
  writing(home, () => writeAtomically(join(home, 'stack.json'), { portBase }, 0o644))
}

function writing<T>(home: string, write: () => T): T {
  try {
    return write()
  } catch (cause) {
    if (cause instanceof UpiError) throw cause
    throw new UpiError(
      'CACHE_UNWRITABLE',
      `${home} cannot be written: ${(cause as Error).message}`,
      {
        fix: 'set UPI_HOME to a folder that you may write',
        cause,
      },
    )
  }
}

function makeSecrets(): Secrets {
  const random = () => randomBytes(24).toString('base64url')
  const secrets = Object.fromEntries(SECRET_NAMES.map((name) => [name, random()])) as Secrets
  return { ...secrets, pii_key: `local:${randomBytes(32).toString('hex')}` }
}

function readJson<T>(path: string): T | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new UpiError('CONFIG_INVALID', `${path} is not JSON`, {
      fix: 'restore it from a backup, or delete its folder and start afresh',
      cause,
    })
  }
}

/** Makes a file that is not there yet; when somebody else was faster, theirs is what counts. */
function makeFile<T extends object>(path: string, value: T, mode: number): T {
  const temporary = writeTemporary(path, value, mode)
  try {
    linkSync(temporary, path)
    return value
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return readJson<T>(path) ?? value
  } finally {
    rmSync(temporary, { force: true })
  }
}

function writeAtomically(path: string, value: object, mode: number): void {
  renameSync(writeTemporary(path, value, mode), path)
}

function writeTemporary(path: string, value: object, mode: number): string {
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode })
  return temporary
}
