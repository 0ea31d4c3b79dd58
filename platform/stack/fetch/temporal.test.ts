import { expect, test } from 'vitest'
import { archiveName, checksumOf, pinnedMinorOf } from './temporal.ts'

test.each([
  ['temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)', '1.5.1'],
  ['temporal version 1.5.0 (Server 1.29.0, UI 2.42.0)', '1.5.0'],
  ['temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)', '1.5.1'],
  ['temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)', undefined],
  ['temporal version 0.0.0-DEV (Server 1.31.2, UI 2.50.1)', undefined],
  ['temporal version 1.50.0 (Server 1.60.0, UI 3.0.0)', undefined],
  ['', undefined],
])('%s is taken as %s', (text, version) => {
  expect(pinnedMinorOf(text)).toBe(version)
})

test('the release of this machine is found in the list of checksums', () => {
  const name = archiveName('linux', 'x64')
  expect(name).toBe('temporal_cli_1.5.1_linux_amd64.tar.gz')
  expect(checksumOf(`aa  other.tar.gz\nbb  ${name}\n`, name)).toBe('bb')
  expect(checksumOf('', name)).toBeUndefined()
})
