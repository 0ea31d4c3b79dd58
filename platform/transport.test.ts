import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CERTIFICATE, configOf, faultOf, KEY, OTHER_KEY } from '../test/fixtures/settings.ts'
import { hostOf, isTlsRefusal, lineOf, readTlsFiles, refusePlaintext } from './transport.ts'

const NAMES = { ca: 'kafkaSslCa', cert: 'kafkaSslCert', key: 'kafkaSslKey' } as const

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'upi-transport-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('without TLS', () => {
  test.each(['localhost', '127.0.0.1', '127.8.0.1', '::1', '/run/postgresql'])(
    '%s may be reached',
    (host) => {
      expect(() => refusePlaintext(configOf({}), 'Kafka', host)).not.toThrow()
    },
  )

  test.each(['db.example', '10.0.0.1', '', '127.0.0.1.example', 'localhost.example', '0.0.0.0'])(
    '%s may not, unless it is named',
    (host) => {
      const fault = faultOf(() => refusePlaintext(configOf({}), 'Kafka', host))
      expect([fault.code, fault.kind]).toEqual(['PLAINTEXT_REFUSED', 'usage'])
      expect(fault.message).toBe(`Kafka at ${host} would be reached without TLS`)
      expect(fault.fix).toContain('UPI_PLAINTEXT_HOSTS')
    },
  )

  test('a host that is named may, and no other', () => {
    const config = configOf({ UPI_PLAINTEXT_HOSTS: 'kafka, 10.0.0.1' })
    for (const host of ['kafka', '10.0.0.1']) {
      expect(() => refusePlaintext(config, 'Kafka', host)).not.toThrow()
    }
    expect(() => refusePlaintext(config, 'Kafka', 'kafka2')).toThrow()
  })
})

test.each([
  ['kafka.example:9092', 'kafka.example'],
  ['127.0.0.1:9092', '127.0.0.1'],
  ['[::1]:9092', '::1'],
  ['[::1]', '::1'],
  ['kafka', 'kafka'],
])('the host of %s is %s', (address, host) => {
  expect(hostOf(address)).toBe(host)
})

describe('certificates', () => {
  test('are PEM text, or a path to it', () => {
    const byText = configOf({
      KAFKA_SSL_CA: CERTIFICATE,
      KAFKA_SSL_CERT: CERTIFICATE,
      KAFKA_SSL_KEY: KEY,
    })
    const byPath = configOf({
      KAFKA_SSL_CA: file('ca.pem', CERTIFICATE),
      KAFKA_SSL_CERT: file('cert.pem', CERTIFICATE),
      KAFKA_SSL_KEY: file('key.pem', KEY),
    })
    const [text, path] = [readTlsFiles(byText, NAMES), readTlsFiles(byPath, NAMES)]
    expect(path).toEqual({ ca: CERTIFICATE, cert: CERTIFICATE, key: KEY })
    // Around the value of a variable blanks do not count.
    expect(text).toEqual(path)
  })

  test('may all be absent: then the system’s authorities count', () => {
    expect(readTlsFiles(configOf({}), NAMES)).toEqual({})
  })

  test.each([
    [
      'a path that leads nowhere',
      { KAFKA_SSL_CA: '/nonexistent/ca.pem' },
      "KAFKA_SSL_CA '/nonexistent/ca.pem' is neither PEM text nor a readable file (ENOENT)",
    ],
    [
      'a certificate alone',
      { KAFKA_SSL_CERT: CERTIFICATE },
      'KAFKA_SSL_CERT and KAFKA_SSL_KEY go together',
    ],
    ['a key alone', { KAFKA_SSL_KEY: KEY }, 'KAFKA_SSL_CERT and KAFKA_SSL_KEY go together'],
    [
      'the key of another certificate',
      { KAFKA_SSL_CERT: CERTIFICATE, KAFKA_SSL_KEY: OTHER_KEY },
      'KAFKA_SSL_CERT and KAFKA_SSL_KEY cannot be used: key values mismatch',
    ],
    [
      'a key in place of an authority',
      { KAFKA_SSL_CA: KEY },
      'KAFKA_SSL_CA cannot be used: no start line',
    ],
    [
      'a damaged authority',
      { KAFKA_SSL_CA: CERTIFICATE.slice(0, 300) },
      'KAFKA_SSL_CA cannot be used: ',
    ],
  ])('%s is refused by the name of its setting', (_, env, says) => {
    const fault = faultOf(() => readTlsFiles(configOf(env), NAMES))
    expect(fault.code).toBe('CONFIG_INVALID')
    expect(fault.message).toContain(says)
  })

  test('a file without PEM text is refused', () => {
    const path = file('notes.txt', 'hello')
    const fault = faultOf(() => readTlsFiles(configOf({ KAFKA_SSL_CA: path }), NAMES))
    expect(fault.message).toBe(`KAFKA_SSL_CA '${path}' is a file without PEM text`)
  })

  test('a key that is no path is not shown', () => {
    const fault = faultOf(() => readTlsFiles(configOf({ KAFKA_SSL_KEY: 'hunter2' }), NAMES))
    expect(fault.message).toBe('KAFKA_SSL_KEY is neither PEM text nor a readable file (ENOENT)')
    expect(String(fault.cause)).not.toContain('hunter2')
  })
})

describe('an error of TLS', () => {
  test.each([
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])('%s is a refusal', (code) => {
    expect(isTlsRefusal(Object.assign(new Error('no'), { code }))).toBe(true)
  })

  test.each(['ECONNRESET', 'ECONNREFUSED', 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING', undefined])(
    '%s is none: it may pass',
    (code) => {
      expect(isTlsRefusal(Object.assign(new Error('no'), { code }))).toBe(false)
    },
  )

  test.each([
    [
      'Connection error: 403D06D1:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/x.c:918:SSL alert number 42\n',
      'Connection error: tls alert bad certificate',
    ],
    [
      '403D06D1:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/x.c:354:\n',
      'wrong version number',
    ],
    [
      'unable to verify the first certificate; if the root CA is installed locally, try running Node.js with --use-system-ca',
      'unable to verify the first certificate',
    ],
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('is one line for people', (message, line) => {
    expect(lineOf(new Error(message))).toBe(line)
  })
})
