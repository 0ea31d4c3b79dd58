import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CERTIFICATE, configOf, faultOf } from '../test/fixtures/settings.ts'
import { addressOf, createPool, isOutage, postgresFault, secureUrl } from './postgres.ts'

const FAR = 'postgres://me:hunter2@db.example:5433/upi'

let folder: string
let ca: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'upi-postgres-'))
  ca = join(folder, 'ca file.pem')
  writeFileSync(ca, CERTIFICATE)
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('a database', () => {
  test.each([
    'postgres://me:x@127.0.0.1:5432/upi',
    'postgres://me:x@localhost/upi',
    'postgres://me:x@[::1]:5432/upi',
    'postgres://me:x@%2Frun%2Fpostgresql/upi',
    'postgresql://me:x@localhost/upi?sslmode=disable',
  ])('near by is reached as its URL says: %s', (url) => {
    expect(secureUrl(configOf({}), url)).toBe(url)
  })

  test.each(['prefer', 'require', 'verify-ca', 'verify-full'])(
    'is verified in full when sslmode=%s',
    (mode) => {
      expect(secureUrl(configOf({}), `${FAR}?sslmode=${mode}`)).toBe(`${FAR}?sslmode=verify-full`)
    },
  )

  test.each([
    ['', 'db.example'],
    ['?sslmode=disable', 'db.example'],
    ['?sslmode=allow', 'db.example'],
    ['?sslmode=no-verify', 'db.example'],
    // Of a parameter that stands twice pg takes the last.
    ['?sslmode=require&sslmode=disable', 'db.example'],
    ['?host=other.example', 'other.example'],
  ])('far away is refused with %s', (parameters, host) => {
    const fault = faultOf(() => secureUrl(configOf({}), FAR + parameters))
    expect(fault.code).toBe('PLAINTEXT_REFUSED')
    expect(fault.message).toBe(`Postgres at ${host} would be reached without TLS`)
  })

  test('is not near by because its URL begins so', () => {
    const url = 'postgres://me:hunter2@localhost/upi?host=other.example'
    expect(faultOf(() => secureUrl(configOf({}), url)).message).toContain('other.example')
    expect(faultOf(() => createPool(configOf({}), url, { max: 1, name: 'test' })).code).toBe(
      'PLAINTEXT_REFUSED',
    )
  })

  test('far away is reached without TLS if its host is named', () => {
    expect(secureUrl(configOf({ UPI_PLAINTEXT_HOSTS: 'db.example' }), FAR)).toBe(FAR)
  })

  test('has its certificate files looked at first', () => {
    const url = (path: string) =>
      `${FAR}?${new URLSearchParams({ sslmode: 'verify-full', sslrootcert: path })}`
    expect(new URL(secureUrl(configOf({}), url(ca))).searchParams.get('sslrootcert')).toBe(ca)
    const missing = faultOf(() => secureUrl(configOf({}), url('/nonexistent.pem')))
    expect(missing.code).toBe('CONFIG_INVALID')
    expect(missing.message).toBe('sslrootcert /nonexistent.pem of a database URL cannot be read')
    const empty = join(folder, 'empty.pem')
    writeFileSync(empty, '')
    const fault = faultOf(() => secureUrl(configOf({}), url(empty)))
    expect(fault.message).toBe(`sslrootcert ${empty} of a database URL is not PEM`)
  })

  test('is shown without its password', () => {
    expect(addressOf(FAR)).toBe('db.example:5433/upi')
    expect(addressOf('postgres://me:hunter2@localhost/upi')).toBe('localhost:5432/upi')
    expect(faultOf(() => addressOf('hunter2')).message).not.toContain('hunter2')
  })
})

describe('what pg throws', () => {
  test.each([
    ['password authentication failed for user "me"', '28P01'],
    ['no pg_hba.conf entry for host "127.0.0.1", no encryption', '28000'],
    ['database "x" does not exist', '3D000'],
    ['unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ["Hostname/IP does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['The server does not support SSL connections', undefined],
    ['SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match', undefined],
  ])('"%s" is for a person', (message, code) => {
    const cause = Object.assign(new Error(message), { code })
    expect(isOutage(cause)).toBe(false)
    expect(postgresFault(cause, 'db.example:5432/upi')).toMatchObject({
      code: 'POSTGRES_REFUSED',
      kind: 'stop',
      message: `Postgres at db.example:5432/upi refused: ${message}`,
      fix: expect.stringContaining('sslmode'),
      cause,
    })
  })

  test.each([
    ['connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'],
    ['the database system is starting up', '57P03'],
    ['sorry, too many clients already', '53300'],
    ['Connection terminated unexpectedly', undefined],
    ['There was an error establishing an SSL connection', undefined],
  ])('"%s" may pass', (message, code) => {
    const cause = Object.assign(new Error(message), { code })
    expect(isOutage(cause)).toBe(true)
    const fault = postgresFault(cause, 'db')
    expect(fault).toMatchObject({ code: 'POSTGRES_UNAVAILABLE', kind: 'retry' })
  })

  test('of locks that it has no room for says what to raise', () => {
    const hint = 'You might need to increase "max_locks_per_transaction".'
    const cause = Object.assign(new Error('out of shared memory'), { code: '53200', hint })
    expect(postgresFault(cause, 'db')).toMatchObject({
      code: 'POSTGRES_UNAVAILABLE',
      fix: expect.stringContaining('raise max_locks_per_transaction'),
    })
  })

  test('about a statement is left as it is', () => {
    const cause = Object.assign(new Error('syntax error'), { code: '42601' })
    expect(postgresFault(cause, 'db')).toBe(cause)
    expect(postgresFault(undefined, 'db')).toBeUndefined()
  })
})
