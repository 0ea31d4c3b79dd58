import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { note } from '../../cli/output.ts'
import { UpiError } from '../../core/errors.ts'
import type { BusinessDate } from '../../core/time.ts'
import { environmentOf, loadConfig } from '../../platform/config.ts'
import { withClient } from '../template.ts'
import type { BenchDatabase } from './bench-places.ts'
import type { TimedCommand } from './time-command.ts'

const PROJECT = join(import.meta.dirname, 'dbt')
const BYTES_SAID_MAX = 16 * 1024 * 1024
// No payment is that old: dbt then does what it does when nothing is new.
const NO_DAY = '2000-01-01'

/** dbt-postgres with the same three models, in a schema of its own of the same database. */
export class Dbt {
  /** Of Python, dbt and its adapter. */
  readonly versions: string
  readonly #env: Readonly<Record<string, string>>
  readonly #program: string

  private constructor(program: string, versions: string, env: Record<string, string>) {
    this.#program = program
    this.versions = versions
    this.#env = env
  }

  /** Installs it by pip at the versions of requirements.txt, once for all checkouts, and makes its schema. */
  static async install(
    { url, transformUrl }: BenchDatabase,
    { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
  ): Promise<Dbt> {
    const venv = join(loadConfig().cacheDir, 'bench-dbt')
    const bin = (program: string) => join(venv, 'bin', program)
    const say = async (program: string, ...args: string[]) => {
      const { stdout } = await exec(program, args, { signal, maxBuffer: BYTES_SAID_MAX })
      return stdout.trim()
    }
    try {
      if (!existsSync(bin('pip'))) await say('python3', '-m', 'venv', venv)
      note('installing dbt …')
      await say(bin('pip'), 'install', '--quiet', '-r', join(PROJECT, 'requirements.txt'))
    } catch (cause) {
      throw new UpiError('TOOL_MISSING', `dbt cannot be installed: ${(cause as Error).message}`, {
        fix: 'python3 with venv and a package index are needed; leave --dbt out',
      })
    }
    const packages = await say(bin('pip'), 'list', '--format=freeze')
    const versions = packages.split('\n').filter((line) => /^dbt-(core|postgres)==/.test(line))
    versions.unshift(await say(bin('python'), '--version'))
    await withClient(url, (admin) => admin.query('create schema dbt authorization upi_transform'))
    const { hostname, port, username, password, pathname } = new URL(transformUrl)
    return new Dbt(bin('dbt'), versions.join(', ').replaceAll('==', ' '), {
      PATH: environmentOf().PATH ?? '',
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: pathname.slice(1),
      DBT_PROJECT_DIR: PROJECT,
      DBT_PROFILES_DIR: PROJECT,
      DBT_TARGET_PATH: join(folder, 'dbt'),
      DBT_LOG_PATH: join(folder, 'dbt'),
    })
  }

  /** `dbt run`, of all days or of one; of none without either. */
  run({ day = NO_DAY, isFull = false }: { day?: BusinessDate; isFull?: boolean }): TimedCommand {
    const args = ['--quiet', 'run', '--vars', JSON.stringify({ day })]
    return {
      program: this.#program,
      args: isFull ? [...args, '--full-refresh'] : args,
      env: this.#env,
    }
  }
}

const exec = promisify(execFile)
