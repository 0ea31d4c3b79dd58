import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { UpiError } from '../core/errors.ts'
import type { Config } from './config.ts'
import { SETTINGS } from './settings.ts'

/**
 * Refuses to reach a server beyond loopback without TLS: payments are personal data and RBI wants them encrypted in
 * transit. A private network is allowed by naming its hosts.
 */
export function refusePlaintext(config: Config, what: string, host: string): void {
  if (isLoopback(host) || config.plaintextHosts.includes(host)) return
  throw new UpiError('PLAINTEXT_REFUSED', `${what} at ${host} would be reached without TLS`, {
    fix: `turn TLS on for it, or name the host in UPI_PLAINTEXT_HOSTS`,
  })
}

/** The host of host:port, brackets of IPv6 removed. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

/** Certificates and keys as PEM text. */
export interface TlsFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/**
 * Reads the certificates that three settings hold, as PEM text or as a path. What no client could use is refused here,
 * by the name of its setting: later it would look like a server that is away.
 */
export function readTlsFiles(config: Config, names: Record<keyof TlsFiles, PemSetting>): TlsFiles {
  const ca = readPem(config, names.ca)
  const [cert, key] = [readPem(config, names.cert), readPem(config, names.key)]
  const files = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
  const pair = `${variableOf(names.cert)} and ${variableOf(names.key)}`
  if ((cert === undefined) !== (key === undefined)) {
    throw new UpiError('CONFIG_INVALID', `${pair} go together`)
  }
  if (ca !== undefined) check(variableOf(names.ca), () => new X509Certificate(ca))
  check(pair, () => createSecureContext(files))
  return files
}

/** The settings that hold PEM text, or a path to it. */
export type PemSetting = `${'kafkaSsl' | 'temporalTls'}${'Ca' | 'Cert' | 'Key'}`

/** Whether the other side of a TLS handshake is not who it should be, or does not take us for who we should be. */
export function isTlsRefusal(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && TLS_REFUSAL.test(code)
}

// OpenSSL's words for a certificate that does not pass, Node's for its name, and both sides' alerts. What merely breaks
// a connection, such as an unexpected end, is none of them.
const TLS_REFUSAL =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|INVALID_(CA|PURPOSE)$|ERR_TLS_CERT_|ERR_SSL_.*(ALERT|VERSION|CERTIFICATE|CIPHER|PROTOCOL|PACKET_LENGTH))/

/** The message of an error as one line for people: OpenSSL writes code, place and line break around it. */
export function lineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const alert = /SSL routines:[^:]*:(?:ssl\/)?([^:]+)/.exec(message)
  const text = alert === null ? message : message.replace(/[0-9A-F]+:error:.*$/s, alert[1] ?? '')
  // Node goes on to recommend an option of its own.
  return text.split(/\n|; if the root CA is installed/)[0]?.trim() ?? ''
}

function readPem(config: Config, name: PemSetting): string | undefined {
  const given = config[name]
  if (given === undefined || given.includes(PEM_BEGIN)) return given
  // Of a secret that is no path nothing may be shown.
  const shown = SETTINGS[name].parse.isSecret ? '' : ` '${given}'`
  const text = readGiven(given, `${variableOf(name)}${shown}`)
  if (text.includes(PEM_BEGIN)) return text
  throw new UpiError('CONFIG_INVALID', `${variableOf(name)}${shown} is a file without PEM text`)
}

const PEM_BEGIN = '-----BEGIN '

function readGiven(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new UpiError(
      'CONFIG_INVALID',
      `${what} is neither PEM text nor a readable file (${code})`,
    )
  }
}

function variableOf(name: PemSetting): string {
  return SETTINGS[name].env
}

function check(what: string, read: () => unknown): void {
  try {
    read()
  } catch (cause) {
    const { reason, message } = cause as Error & { reason?: string }
    throw new UpiError('CONFIG_INVALID', `${what} cannot be used: ${reason ?? message}`)
  }
}

// A path is a socket of this machine.
function isLoopback(host: string): boolean {
  return /^(localhost|::1|127\.\d+\.\d+\.\d+|\/.*)$/.test(host)
}
