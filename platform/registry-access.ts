import { UpiError } from '../core/errors.ts'
import type { Needed } from './config.ts'
import { hostOf, refusePlaintext } from './transport.ts'

/** Where the registry is, to be shown and logged, and apart from it who asks. */
export interface RegistryAccess {
  readonly url: string
  readonly user: RegistryUser | undefined
}

// A type and not an interface: the registry's client wants one that is open to more fields.
export type RegistryUser = { readonly username: string; readonly password: string }

/** How the registry is reached: its URL may hold the credentials, or a setting of their own. */
export function registryAccess(config: Needed<'schemaRegistryUrl'>): RegistryAccess {
  const url = new URL(config.schemaRegistryUrl)
  const inUrl = url.username === '' ? undefined : `${url.username}:${url.password}`
  url.username = ''
  url.password = ''
  if (url.protocol !== 'https:')
    refusePlaintext(config, 'the schema registry', hostOf(url.hostname))
  const text =
    config.schemaRegistryAuth ?? (inUrl === undefined ? undefined : decodeURIComponent(inUrl))
  return {
    url: url.href.replace(/\/+$/, ''),
    user: text === undefined ? undefined : readUser(text),
  }
}

function readUser(text: string): RegistryUser {
  const colon = text.indexOf(':')
  if (colon < 1) throw new UpiError('CONFIG_INVALID', 'SCHEMA_REGISTRY_AUTH is not user:password')
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
