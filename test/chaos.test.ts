import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../platform/config.ts'
import { commandOf } from './chaos/private-stack.ts'
import { runChaos } from './chaos/run-chaos.ts'
import { eventually } from './eventually.ts'
import { plainEnvironment } from './plain-environment.ts'

test('nothing is lost and nothing doubled, whatever breaks', async () => {
  const said: string[] = []
  const report = await runChaos({
    seed: 'ci',
    minutes: 0.6,
    faults: 16,
    perSecond: 300,
    signal: new AbortController().signal,
    say: (line) => said.push(line),
  })
  const story = [...said, report.home ?? ''].join('\n')
  expect(
    report.books.filter(({ state }) => state === 'broken'),
    story,
  ).toEqual([])
  expect(report.books).toHaveLength(20)
  expect(report.faults.filter(({ missed }) => missed === undefined).length, story).toBeGreaterThan(
    9,
  )
  expect(report.messages.acknowledged).toBeGreaterThan(5_000)
}, 180_000)

test('a Ctrl-C, which reaches every process of the terminal, leaves nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'upi-test-'))
  const { cacheDir } = loadConfig()
  const env = { ...plainEnvironment(), TMPDIR: folder, UPI_CACHE_DIR: cacheDir }
  const [node, args] = commandOf('chaos', '--minutes', '1')
  const chaos = spawn(node, args, { env, detached: true, stdio: 'ignore' })
  const homes = () => readdirSync(folder).filter((name) => name.startsWith('upi-chaos-'))
  await eventually(homes, ({ length }) => length > 0)
  process.kill(-(chaos.pid as number), 'SIGINT')
  expect(await once(chaos, 'close')).toEqual([130, null])
  expect(homes()).toEqual([])
  rmSync(folder, { recursive: true })
}, 60_000)
