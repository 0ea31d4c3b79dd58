import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CERTIFICATE, configOf, faultOf, KEY, OTHER_KEY } from '../test/fixtures/settings.ts'
import { need } from './config.ts'
import { connectionOptions } from './temporal.ts'

const FAR = 'temporal.example:7233'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'upi-temporal-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function options(env: Readonly<Record<string, string>>) {
  return connectionOptions(need(configOf({ TEMPORAL_ADDRESS: FAR, ...env }), 'temporalAddress'))
}

test('Temporal is reached plain on loopback, and beyond it where its host is named', () => {
  for (const address of ['127.0.0.1:7233', 'localhost:7233', '[::1]:7233']) {
    expect(options({ TEMPORAL_ADDRESS: address })).toEqual({ address })
  }
  expect(options({ UPI_PLAINTEXT_HOSTS: 'temporal.example' })).toEqual({ address: FAR })
  const fault = faultOf(() => options({}))
  expect(fault.code).toBe('PLAINTEXT_REFUSED')
  expect(fault.message).toBe('Temporal at temporal.example would be reached without TLS')
})

test('TLS can be asked for with the system’s authorities', () => {
  expect(options({ TEMPORAL_TLS: 'true' })).toEqual({ address: FAR, tls: {} })
})

test('an API key is never sent without TLS', () => {
  const withKey = { address: FAR, tls: {}, apiKey: 'hunter2' }
  expect(options({ TEMPORAL_API_KEY: 'hunter2' })).toEqual(withKey)
  expect(options({ TEMPORAL_API_KEY: 'hunter2', TEMPORAL_TLS: 'false' })).toEqual(withKey)
})

test('authority, client certificate and name are text or paths, and each of them means TLS', () => {
  const path = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const [crt, key] = [Buffer.from(CERTIFICATE), Buffer.from(KEY)]
  expect(options({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: CERTIFICATE }).tls).toEqual({
    serverRootCACertificate: crt,
  })
  expect(options({ TEMPORAL_TLS_SERVER_NAME: 'other.example' }).tls).toEqual({
    serverNameOverride: 'other.example',
  })
  const pair = {
    TEMPORAL_TLS_CLIENT_CERT_PATH: path('client.crt', CERTIFICATE),
    TEMPORAL_TLS_CLIENT_KEY_PATH: path('client.key', KEY),
  }
  expect(options(pair).tls).toEqual({ clientCertPair: { crt, key } })
})

test('a certificate without its key, or with another, is refused by the names of the settings', () => {
  const names = 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH'
  const alone = faultOf(() => options({ TEMPORAL_TLS_CLIENT_CERT_PATH: CERTIFICATE }))
  expect([alone.code, alone.message]).toEqual(['CONFIG_INVALID', `${names} go together`])
  const mixed = {
    TEMPORAL_TLS_CLIENT_CERT_PATH: CERTIFICATE,
    TEMPORAL_TLS_CLIENT_KEY_PATH: OTHER_KEY,
  }
  expect(faultOf(() => options(mixed)).message).toContain(`${names} cannot be used`)
})
