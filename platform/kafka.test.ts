import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { CERTIFICATE, configOf, faultOf, KEY } from '../test/fixtures/settings.ts'
import { need } from './config.ts'
import { isKafkaRefusal, kafkaAccess, kafkaFault } from './kafka.ts'

const NEAR = '127.0.0.1:9092'
const FAR = 'kafka.example:9092'
const LOGIN = { KAFKA_SASL_USERNAME: 'upi', KAFKA_SASL_PASSWORD: 'hunter2' }

function access(env: Readonly<Record<string, string>>) {
  return kafkaAccess(need(configOf({ KAFKA_BROKERS: NEAR, ...env }), 'kafkaBrokers'))
}

describe('Kafka is reached', () => {
  test('plain on loopback', () => {
    expect(access({ KAFKA_BROKERS: `${NEAR},[::1]:9093` })).toEqual({
      brokers: [NEAR, '[::1]:9093'],
    })
  })

  test('by TLS, with the system’s authorities or our own', () => {
    const far = { KAFKA_BROKERS: FAR, KAFKA_SECURITY_PROTOCOL: 'SSL' }
    expect(access(far)).toEqual({ brokers: [FAR], ssl: {} })
    const own = { KAFKA_SSL_CA: CERTIFICATE, KAFKA_SSL_CERT: CERTIFICATE, KAFKA_SSL_KEY: KEY }
    const ssl = { ca: CERTIFICATE, cert: CERTIFICATE, key: KEY }
    expect(access({ ...far, ...own })).toEqual({ brokers: [FAR], ssl })
  })

  test.each([
    ['PLAIN', 'plain'],
    ['SCRAM-SHA-256', 'scram-sha-256'],
    ['SCRAM-SHA-512', 'scram-sha-512'],
  ])('by SASL %s over TLS', (name, mechanism) => {
    const settings = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: name, ...LOGIN }
    expect(access({ KAFKA_BROKERS: FAR, ...settings })).toEqual({
      brokers: [FAR],
      ssl: {},
      sasl: { mechanism, username: 'upi', password: 'hunter2' },
    })
  })

  test('by SASL in plaintext on loopback only', () => {
    const settings = { KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', ...LOGIN }
    expect(access(settings).sasl?.mechanism).toBe('scram-sha-512')
    expect(access(settings)).not.toHaveProperty('ssl')
    const fault = faultOf(() => access({ KAFKA_BROKERS: `${NEAR},${FAR}`, ...settings }))
    expect(fault.code).toBe('PLAINTEXT_REFUSED')
    expect(fault.message).toBe('Kafka at kafka.example would be reached without TLS')
    expect(fault.message + fault.fix).not.toContain('hunter2')
  })

  test('in plaintext beyond loopback if the host is named', () => {
    const settings = { KAFKA_BROKERS: FAR, UPI_PLAINTEXT_HOSTS: 'kafka.example' }
    expect(access(settings)).toEqual({ brokers: [FAR] })
  })

  test.each(['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'])('by SASL not without %s', (name) => {
    const settings = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...LOGIN, [name]: '' }
    const { code, message } = faultOf(() => access(settings))
    expect(code).toBe('CONFIG_INVALID')
    expect(message).toBe('SASL needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD')
  })
})

describe('what kafkajs throws', () => {
  const brokers = [NEAR, FAR]
  const connection = (message: string, code?: string) =>
    Object.assign(new kafkajs.KafkaJSConnectionError(message), { code })
  const givenUp = (cause: Error) =>
    new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 3, retryTime: 1 })
  const login = Object.assign(new kafkajs.KafkaJSNonRetriableError('invalid credentials'), {
    name: 'KafkaJSSASLAuthenticationError',
  })
  const protocol = (type: string) =>
    Object.assign(new kafkajs.KafkaJSProtocolError(new Error(type)), { type })

  test.each([
    ['a login', login],
    ['a mechanism', protocol('UNSUPPORTED_SASL_MECHANISM')],
    ['rights', protocol('TOPIC_AUTHORIZATION_FAILED')],
    ['a certificate', givenUp(connection('no', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'))],
    ['our certificate', connection('no', 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE')],
  ])('about %s is for a person', (_, cause) => {
    expect(isKafkaRefusal(cause)).toBe(true)
    const fault = kafkaFault(cause, brokers)
    expect(fault).toMatchObject({ code: 'KAFKA_REFUSED', kind: 'stop', cause })
    const message = `Kafka at ${NEAR}, ${FAR} refused: ${cause.message}`
    expect(fault).toMatchObject({ message, fix: expect.stringContaining('KAFKA_SASL') })
  })

  test.each([
    ['a connection', connection('Closed connection')],
    ['a connection that was tried again', givenUp(connection('no', 'ECONNREFUSED'))],
    ['an answer that did not come', new kafkajs.KafkaJSRequestTimeoutError('late')],
  ])('about %s may pass', (_, cause) => {
    expect(isKafkaRefusal(cause)).toBe(false)
    expect(kafkaFault(cause, brokers)).toMatchObject({ code: 'KAFKA_UNAVAILABLE', kind: 'retry' })
  })

  test.each([
    protocol('UNKNOWN_TOPIC_OR_PARTITION'),
    Object.assign(new Error('of Postgres'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
    undefined,
  ])('about anything else, or by another, is left as it is', (cause) => {
    expect(isKafkaRefusal(cause)).toBe(false)
    expect(kafkaFault(cause, brokers)).toBe(cause)
  })
})
