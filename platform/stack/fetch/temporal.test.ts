import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from './checksums.ts'
import { fetchPart } from './part.ts'
import { checksumOf } from './release.ts'
import { archiveName, pinnedMinorOf, releaseAt } from './temporal.ts'

const NAME = archiveName(process.platform, process.arch)
let folder: string
let server: Server | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upi-release-'))
})
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  rmSync(folder, { recursive: true })
})

test('the official release is unpacked when its checksum is right', async () => {
  const fetched = await fetchPart(await releaseWith((sum) => sum), context())
  expect(readFileSync(join(fetched.folder, 'temporal'), 'utf8')).toBe('the program')
  expect(readdirSync(fetched.folder).sort()).toEqual(['fetched.json', 'temporal'])
})

test('a release that differs from its checksum is refused and not kept', async () => {
  const fetching = fetchPart(await releaseWith(() => '0'.repeat(64)), context())
  await expect(fetching).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
  expect(readdirSync(join(folder, 'cache'))).toEqual(['.locks'])
})

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

// A host that serves a tiny release under the names of the real one.
async function releaseWith(sumOf: (right: string) => string) {
  const program = join(folder, 'release')
  mkdirSync(program)
  writeFileSync(join(program, 'temporal'), 'the program')
  const archive = join(folder, NAME)
  execFileSync('tar', ['-czf', archive, '-C', program, 'temporal'])
  const sums = `${sumOf(await sha256(archive))}  ${NAME}\n`
  server = createServer(({ url }, answer) => {
    answer.end(url?.endsWith('/checksums.txt') ? sums : readFileSync(archive))
  })
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as { port: number }
  return { key: 'release-1', sources: [releaseAt(`http://127.0.0.1:${port}`)], fix: 'none' }
}

function context() {
  return {
    cacheDir: join(folder, 'cache'),
    env: { PATH: ['/usr/bin', '/bin', dirname(process.execPath)].join(delimiter) },
    signal: new AbortController().signal,
    progress: () => {},
  }
}
