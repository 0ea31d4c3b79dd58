import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DOWNLOAD_ANSWER_MS_MAX, DOWNLOAD_SILENCE_MS_MAX } from '../../../core/stack-limits.ts'
import { sha256 } from './checksums.ts'
import { grafanaRelease } from './grafana.ts'
import { fetchPart } from './part.ts'
import { prometheusRelease } from './prometheus.ts'
import { checksumOf, goPlatform, officialRelease, type Release } from './release.ts'

let folder: string
let server: Server
let base: string
const files = new Map<string, Buffer | ((answer: ServerResponse) => void)>()
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'upi-release-'))
  files.clear()
  server = createServer(({ url = '' }, answer) => {
    const file = files.get(url)
    if (typeof file === 'function') file(answer)
    else answer.writeHead(file === undefined ? 404 : 200).end(file)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  base = `http://127.0.0.1:${(server.address() as { port: number }).port}`
})
afterEach(() => {
  vi.useRealTimers()
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

test('of Prometheus’ archive only the server is kept', async () => {
  const release = prometheusRelease(base)
  const top = nameOf(release).replace('.tar.gz', '')
  await publish(release, [`${top}/prometheus`, `${top}/promtool`], (sum, name) => `${sum}  ${name}`)
  const fetched = await folderOf(release)
  expect(readdirSync(fetched).sort()).toEqual(['fetched.json', 'prometheus'])
})

test('Grafana’s archive is unpacked whole, its checksum stands alone', async () => {
  const release = grafanaRelease(base)
  await publish(release, ['grafana-v1/bin/grafana', 'grafana-v1/conf/defaults.ini'], (sum) => sum)
  const fetched = await folderOf(release)
  expect(readdirSync(fetched).sort()).toEqual(['bin', 'conf', 'fetched.json'])
  expect(readFileSync(join(fetched, 'bin/grafana'), 'utf8')).toBe('grafana-v1/bin/grafana')
})

test.each([prometheusRelease, grafanaRelease])('%o that differs is refused', async (releaseOf) => {
  const release = releaseOf(base)
  await publish(release, ['x/prometheus'], (_, name) => `${'0'.repeat(64)}  ${name}`)
  await expect(folderOf(release)).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
  expect(readdirSync(join(folder, 'cache'))).toEqual(['.locks'])
})

test('a host without the release is one reason', async () => {
  await expect(folderOf(grafanaRelease(base))).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringMatching(
      /^thing-1 cannot be had: official release: 127\.0\.0\.1:\d+ answers 404$/,
    ),
  })
})

test.each([
  ['does not answer', () => {}, DOWNLOAD_ANSWER_MS_MAX, 'no answer within'],
  [
    'falls silent in the middle',
    (answer: ServerResponse) => answer.writeHead(200).write('begin'),
    DOWNLOAD_SILENCE_MS_MAX,
    'fell silent after 5 bytes',
  ],
])('a host that %s is given up', async (_, say, patienceMs, reason) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const release = grafanaRelease(base)
  files.set(new URL(release.sumsUrl).pathname, Buffer.from('aa'))
  const asked = Promise.withResolvers<void>()
  files.set(new URL(release.url).pathname, (answer) => {
    say(answer)
    asked.resolve()
  })
  const fetching = folderOf(release).catch((error: Error) => error.message)
  await asked.promise
  let message: string | undefined
  const settled = fetching.then((text) => {
    message = text
  })
  // What the host has said may still be on its way to us, and with it the begin of the wait.
  while (message === undefined) {
    await vi.advanceTimersByTimeAsync(patienceMs / 4)
    await new Promise(setImmediate)
  }
  await settled
  expect(message).toContain(reason)
})

test('a checksum is that of the file’s name, or the only word', () => {
  expect(checksumOf('aa  other\nbb *mine\n', 'mine')).toBe('bb')
  expect(checksumOf('cc\n', 'mine')).toBe('cc')
  expect(checksumOf('aa  other\n', 'mine')).toBeUndefined()
  expect(checksumOf('', 'mine')).toBeUndefined()
  expect([goPlatform('linux', 'x64'), goPlatform('darwin', 'arm64', '_')]).toEqual([
    'linux-amd64',
    'darwin_arm64',
  ])
})

function nameOf({ url }: Release): string {
  return url.slice(url.lastIndexOf('/') + 1)
}

async function publish(
  release: Release,
  names: readonly string[],
  sums: (sum: string, name: string) => string,
): Promise<void> {
  const source = join(folder, 'source')
  for (const name of names) {
    mkdirSync(join(source, name, '..'), { recursive: true })
    writeFileSync(join(source, name), name)
  }
  const archive = join(folder, 'archive')
  execFileSync('tar', ['-czf', archive, '-C', source, ...readdirSync(source)])
  files.set(new URL(release.url).pathname, readFileSync(archive))
  const text = `${sums(await sha256(archive), nameOf(release))}\n`
  files.set(new URL(release.sumsUrl).pathname, Buffer.from(text))
}

async function folderOf(release: Release): Promise<string> {
  const part = { key: 'thing-1', sources: [officialRelease(release)], fix: 'none' }
  const { folder: found } = await fetchPart(part, {
    cacheDir: join(folder, 'cache'),
    env: { PATH: '/usr/bin:/bin' },
    signal: new AbortController().signal,
    progress: () => {},
  })
  return found
}
