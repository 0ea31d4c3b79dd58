import { parse } from 'yaml'
import { readText } from './repository.ts'

/** A service of docker-compose.yml: what its test looks at. */
export interface ComposeService {
  readonly image: string
  readonly build?: string
  readonly pull_policy?: string
  readonly profiles?: readonly string[]
  readonly restart?: string
  readonly mem_limit: string
  readonly stop_grace_period?: string
  readonly ports?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | null>>
  readonly volumes?: readonly string[]
  readonly healthcheck?: object
  readonly depends_on?: Readonly<Record<string, { condition: string }>>
  readonly logging: { options: object }
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: Readonly<Record<string, unknown>>
}

/** docker-compose.yml with its anchors merged, however often they are used; variables stay as written. */
export function readComposeFile(): ComposeFile {
  return parse(readText('docker-compose.yml'), { merge: true, maxAliasCount: -1 })
}

/** Whether a service runs once and ends. */
export function isJob(service: ComposeService): boolean {
  return service.restart === undefined
}

/** Whether a service runs our own image. */
export function isOurs(service: ComposeService): boolean {
  return service.image.endsWith('-platform:local')
}

/** A memory limit such as 64m, in MiB. */
export function memoryMebibytes(service: ComposeService): number {
  const [, number] = /^(\d+)m$/.exec(service.mem_limit) ?? []
  if (number === undefined) throw new Error(`'${service.mem_limit}' is not of the form 64m`)
  return Number(number)
}

/** All that a service waits for, directly or through others; throws when it waits for itself. */
export function waitsFor(file: ComposeFile, name: string, path: string[] = []): Set<string> {
  if (path.includes(name)) throw new Error(`circle: ${[...path, name].join(' → ')}`)
  const direct = Object.keys(file.services[name]?.depends_on ?? {})
  const further = direct.flatMap((each) => [...waitsFor(file, each, [...path, name])])
  return new Set([...direct, ...further])
}
