import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { CHECKOUT } from '../platform/config.ts'
import { plainEnvironment } from './plain-environment.ts'

const IMPORT = "import { beforeAll, describe, expect, test } from 'vitest'\n"
const FILES = {
  'good.test.ts': `${IMPORT}test('a', () => {}); test('b', () => {}); test.skipIf(true)('c', () => {})`,
  'bad.test.ts': `${IMPORT}test('a', () => {}); test('b', () => expect(1).toBe(2))`,
  'broken.test.ts': "import './not-there.ts'",
  'hook.test.ts': `${IMPORT}describe('x', () => { beforeAll(() => { throw new Error('no') }); test('a', () => {}) })`,
}

// Within the checkout, where Vitest is found; git, Biome and our own patterns pass it by.
const folder = mkdtempSync(join(CHECKOUT, '.upi-reporter-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the last line counts tests; files that do not load and hooks that fail are failures', async () => {
  const config = `import { ClosingLine } from '../test/reporter.ts'
    export default { test: { reporters: ['default', new ClosingLine()] } }`
  for (const [name, text] of Object.entries({ ...FILES, 'vitest.config.ts': config })) {
    writeFileSync(join(folder, name), text)
  }
  const { code, stdout } = await runVitest('run')
  expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([1, '3 passed, 3 failed'])
  const good = await runVitest('run', 'good')
  expect([good.code, good.stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '2 passed, 0 failed'])
})

function runVitest(...args: string[]): Promise<{ code: number; stdout: string }> {
  const program = join(CHECKOUT, 'node_modules/vitest/vitest.mjs')
  return new Promise((resolve) => {
    const options = { cwd: folder, env: plainEnvironment() }
    execFile(process.execPath, [program, ...args], options, (error, stdout) => {
      resolve({ code: Number(error?.code ?? 0), stdout })
    })
  })
}
