import { expect, test } from 'vitest'
import { configOf, faultOf } from '../test/fixtures/settings.ts'
import { need } from './config.ts'
import { registryAccess } from './registry-access.ts'

function access(url: string, auth = '') {
  const settings = { SCHEMA_REGISTRY_URL: url, SCHEMA_REGISTRY_AUTH: auth }
  return registryAccess(need(configOf(settings), 'schemaRegistryUrl'))
}

test('credentials come by their setting, or in the URL, which is then shown without them', () => {
  const user = { username: 'me', password: 'hunter:2' }
  const url = 'https://registry.example/v7'
  expect(access(`${url}/`)).toEqual({ url, user: undefined })
  expect(access(url, 'me:hunter:2')).toEqual({ url, user })
  expect(access('https://me:hunter%3A2@registry.example/v7')).toEqual({ url, user })
  expect(access('https://other:x@registry.example/v7', 'me:hunter:2')).toEqual({ url, user })
})

test('credentials that are none are refused and not shown', () => {
  const fault = faultOf(() => access('https://registry.example', 'hunter2'))
  expect(fault.message).toBe('SCHEMA_REGISTRY_AUTH is not user:password')
})

test('beyond loopback it wants TLS', () => {
  expect(access('http://[::1]:8081').url).toBe('http://[::1]:8081')
  const fault = faultOf(() => access('http://me:hunter2@registry.example'))
  expect(fault.code).toBe('PLAINTEXT_REFUSED')
  expect(fault.message).toBe('the schema registry at registry.example would be reached without TLS')
})
