import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { UpiError } from '../core/errors.ts'
import type { Needed } from './config.ts'
import { type RegistryUser, registryAccess } from './registry-access.ts'

// A registry answers in milliseconds; while it does not, a partition stands still.
const ANSWER_MS_MAX = 5_000

/** A schema registry that speaks Confluent's API. */
export interface Registry {
  /** To be shown: without credentials. */
  readonly url: string
  /** Registers schemas and makes their codecs. Its errors do not tell an outage from an answer: `ask` first. */
  readonly client: SchemaRegistry
  /** Puts one question, once. Throws REGISTRY_UNAVAILABLE unless the registry has answered it. */
  ask(question: RegistryQuestion): Promise<RegistryAnswer>
  /** What it calls itself, as Apicurio and Confluent's do; undefined for one that does not tell. */
  readVersion(): Promise<string | undefined>
}

export interface RegistryQuestion {
  readonly path: string
  /** GET unless given. */
  readonly method?: 'POST' | 'PUT'
  readonly body?: object
}

/** 200: the body is what was asked for. 404: there is no such thing. 409: incompatible; the body says why. */
export interface RegistryAnswer {
  readonly status: 200 | 404 | 409
  readonly body: unknown
}

/** Makes a client of the registry from the settings; nothing is sent yet. */
export function createRegistry(config: Needed<'schemaRegistryUrl'>): Registry {
  const { url, user } = registryAccess(config)
  const headers: Record<string, string> = {
    accept: 'application/vnd.schemaregistry.v1+json, application/json',
    'content-type': 'application/vnd.schemaregistry.v1+json',
  }
  if (user !== undefined) headers.authorization = basicAuth(user)
  const client = new SchemaRegistry(
    {
      host: url,
      clientId: 'upi',
      // Who asks decides whether to ask again, and can say what it waits for.
      retry: { retries: 0 },
      middlewares: [
        () => ({
          prepareRequest: async (next) => (await next()).enhance({ timeout: ANSWER_MS_MAX }),
        }),
      ],
      ...(user === undefined ? {} : { auth: user }),
    },
    { [SchemaType.JSON]: { allowUnionTypes: true } },
  )
  return {
    url,
    client,
    ask: (question) => ask({ url, headers }, question),
    readVersion: () => readVersion(url, headers),
  }
}

/** Says that the registry is away, or is none. */
export function registryAway(url: string, reason: string, cause?: unknown): UpiError {
  return new UpiError('REGISTRY_UNAVAILABLE', `schema registry at ${url}: ${reason}`, {
    fix: 'see ./upi status, or check SCHEMA_REGISTRY_URL and SCHEMA_REGISTRY_AUTH',
    cause,
  })
}

function basicAuth({ username, password }: RegistryUser): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

async function ask(
  { url, headers }: { url: string; headers: Record<string, string> },
  { path, method, body }: RegistryQuestion,
): Promise<RegistryAnswer> {
  try {
    const response = await fetch(`${url}${path}`, {
      method: method ?? 'GET',
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    return readAnswer(response.status, await response.text())
  } catch (cause) {
    throw registryAway(url, reasonOf(cause as Error), cause)
  }
}

async function readVersion(
  url: string,
  headers: Record<string, string>,
): Promise<string | undefined> {
  const apicurio = {
    url: new URL(url).origin,
    path: '/apis/registry/v3/system/info',
    name: 'Apicurio',
  }
  const confluent = { url, path: '/v1/metadata/version', name: 'Schema Registry' }
  for (const { name, path, url: base } of [apicurio, confluent]) {
    const answer = await ask({ url: base, headers }, { path }).catch(() => undefined)
    const { version } = Object(answer?.body) as { version?: unknown }
    if (typeof version === 'string') return `${name} ${version}`
  }
  return undefined
}

function readAnswer(status: number, text: string): RegistryAnswer {
  if (status === 401 || status === 403) throw new Error('refuses the credentials')
  const body = parseJson(text)
  if (status === 200 && body !== undefined) return { status, body }
  const { error_code: code, message } = Object(body) as { error_code?: number; message?: string }
  // A 404 without one of the registry's own codes means that no registry lives at this path.
  if (status === 404 && String(code).startsWith('404') && code !== 404) return { status, body }
  if (status === 409) return { status, body }
  throw new Error(`answers ${status}${message === undefined ? '' : `, ${message}`}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// fetch says no more than "fetch failed"; what happened is its cause.
function reasonOf(fault: Error): string {
  if (fault.name === 'TimeoutError') return `no answer within ${ANSWER_MS_MAX} ms`
  const { message, code } = (fault.cause ?? fault) as { message?: string; code?: string }
  return message || code || fault.message
}
