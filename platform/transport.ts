import { readFileSync } from 'node:fs'
import { UpiError } from '../core/errors.ts'
import type { Config } from './config.ts'

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

/** PEM text given as such or as a path. */
export function readPem(textOrPath: string): string {
  if (textOrPath.includes('-----BEGIN')) return textOrPath
  try {
    return readFileSync(textOrPath, 'utf8')
  } catch (cause) {
    throw new UpiError('CONFIG_INVALID', `certificate file ${textOrPath} cannot be read`, { cause })
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
