import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { UpiError } from '../core/errors.ts'
import { type LocalStack, localStack, PORT_BASE_DEFAULT } from './local-stack.ts'
import { folder, integer, type Setting } from './setting.ts'
import { SETTINGS } from './settings.ts'

type Settings = typeof SETTINGS
export type SettingName = keyof Settings

/**
 * The settings as values. One without a default is undefined when neither the environment nor the local stack gives it.
 */
export type Config = {
  readonly [Name in SettingName]: Settings[Name] extends { fallback: string }
    ? ValueOf<Settings[Name]>
    : ValueOf<Settings[Name]> | undefined
} & { readonly checkout: string }

/** A config in which the named settings are certain to be present. */
export type Needed<Name extends SettingName> = Config & {
  readonly [N in Name]-?: ValueOf<Settings[N]>
}

type ValueOf<Row> = Row extends Setting<infer T> ? T : never
type Environment = Readonly<Record<string, string | undefined>>

/** The folder of the checkout: where package.json is. */
export const CHECKOUT = join(import.meta.dirname, '..')

/** What Node is told whenever the platform starts one, as ./upi does: nothing of warnings that are not ours. */
export const NODE_ARGS: readonly string[] = [
  '--disable-warning=TimeoutNegativeWarning',
  '--disable-warning=ExperimentalWarning',
]

/**
 * Reads every setting at once: environment, else NAME_FILE, else the local stack, else the default. All faults are
 * reported together. This is the one place that reads the environment.
 */
export function loadConfig(env: Environment = process.env): Config {
  const faults: string[] = []
  const stack = stackOf(env, faults)
  const values: Record<string, unknown> = { checkout: CHECKOUT, home: stack.home }
  for (const [name, row] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    if (name === 'home') continue
    const text = readVariable(env, row.env, faults) ?? row.local?.(stack) ?? row.fallback
    if (text === undefined) continue
    try {
      values[name] = row.parse(text)
    } catch (fault) {
      const shown = row.parse.isSecret === true ? '' : ` '${withoutLogin(text)}'`
      faults.push(`${row.env}${shown} ${(fault as Error).message}`)
    }
  }
  if (faults.length > 0) throw new UpiError('CONFIG_INVALID', faults.join('; '))
  return Object.freeze(values) as Config
}

/** The home folder alone: what stops the stack or shows its logs must work while another setting is at fault. */
export function loadHome(env: Environment = process.env): string {
  const asked = env[SETTINGS.home.env]
  return asked === undefined || asked === ''
    ? join(CHECKOUT, SETTINGS.home.fallback)
    : folder(asked)
}

/** Narrows a config to one that holds the settings a process cannot do without; names all that are missing. */
export function need<Name extends SettingName>(config: Config, ...names: Name[]): Needed<Name> {
  const missing = names.filter((name) => config[name] === undefined)
  if (missing.length === 0) return config as Needed<Name>
  const variables = missing.map((name) => SETTINGS[name].env).join(', ')
  throw new UpiError(
    'CONFIG_INVALID',
    `${variables} not set, and no local stack in ${config.home} has them`,
    { fix: 'run ./upi up, or set the variables' },
  )
}

/** The variables of the settings that a child process must see to reach the same platform. */
export function environmentOf(env: Environment = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** Who acts, for the audit log. */
export function actorOf(config: Config): string {
  return config.actor ?? userInfo().username
}

function stackOf(env: Environment, faults: string[]): LocalStack {
  const home = loadHome(env)
  let portBase: number | undefined
  try {
    const text = env[SETTINGS.portBase.env]
    portBase = text === undefined || text === '' ? undefined : integer(1024, 65_000)(text)
  } catch {
    // Reported once, with all others, when the setting itself is read.
  }
  try {
    return sameServer(env, localStack(home, portBase))
  } catch (fault) {
    const { message, fix } = fault as UpiError
    faults.push(fix === undefined ? message : `${message} (${fix})`)
    const nothing = { secrets: undefined, postgresUrl: () => undefined }
    return { home, portBase: portBase ?? PORT_BASE_DEFAULT, ...nothing }
  }
}

/**
 * Role URLs follow DATABASE_URL: to another database of the local server with the local passwords, and nowhere else;
 * for any other server they must be given.
 */
function sameServer(env: Environment, stack: LocalStack): LocalStack {
  // A file that cannot be read is reported once, when the setting itself is read.
  const given = readVariable(env, SETTINGS.databaseUrl.env, [])
  if (given === undefined || !URL.canParse(given)) return stack
  const url = new URL(given)
  const isLocal =
    ['127.0.0.1', 'localhost'].includes(url.hostname) && url.port === String(stack.portBase)
  return {
    ...stack,
    postgresUrl: (user, password) =>
      isLocal ? stack.postgresUrl(user, password)?.replace(/\/upi$/, url.pathname) : undefined,
  }
}

function readVariable(env: Environment, name: string, faults: string[]): string | undefined {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  const file = env[`${name}_FILE`]
  if (file === undefined || file === '') return undefined
  try {
    const text = readFileSync(file, 'utf8').trim()
    if (text !== '') return text
    faults.push(`${name}_FILE ${file} is empty`)
  } catch (cause) {
    faults.push(`${name}_FILE ${file} cannot be read: ${(cause as Error).message}`)
  }
  return undefined
}

// What is no URL is shown, what stands before its @ is not.
function withoutLogin(text: string): string {
  return text.replace(/^.*@/s, '…@')
}
