import { expect, test } from 'vitest'
import { knownCause } from './explain-end.ts'

test.each([
  ['FATAL:  could not write to file "pg_wal/xlogtemp.31": No space left on device', 'DISK_FULL'],
  ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'PORT_TAKEN'],
  ['java.lang.UnsupportedClassVersionError: kafka/Kafka', 'TOOL_MISSING'],
  ['FATAL:  database files are incompatible with server', 'COMPONENT_FAILED'],
])('%s means %s', (line, code) => {
  const cause = knownCause(['something before', line, 'something after'], [])
  expect(cause?.code).toBe(code)
  expect(cause?.fix).toBeTruthy()
})

test('a line that says nothing known has no known cause', () => {
  expect(knownCause(['FATAL:  role "x" does not exist'], [])).toBeUndefined()
})
