import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { CHECKOUT, NODE_ARGS } from '../platform/config.ts'
import { useStack } from './harness.ts'
import { writeManyModels } from './many-models.ts'

const own = useStack('database')
const folder = mkdtempSync(join(tmpdir(), 'upi-many-models-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Of 500 models on a machine of 2 cores: 5.4 million instantiations take 5 s of CPU.
const INSTANTIATIONS_PER_MODEL_MAX = 12_000
const PLAN_MS_MAX = 1_000

test('types of many models are checked at a price that does not grow with their number', async () => {
  const [few, many] = await Promise.all([instantiations(20), instantiations(100)])
  expect((many - few) / 80).toBeLessThan(INSTANTIATIONS_PER_MODEL_MAX)
})

test('500 models are planned in a second', async () => {
  const project = join(folder, 'plan')
  writeManyModels(project, 500)
  const stdout = await node([...NODE_ARGS, join(CHECKOUT, 'test/plan-many.ts'), project], own.env)
  const { models, steps, planCpuMs } = JSON.parse(stdout)
  expect({ models, steps }).toEqual({ models: 501, steps: 1 })
  expect(planCpuMs).toBeLessThan(PLAN_MS_MAX)
})

async function instantiations(count: number): Promise<number> {
  const project = join(folder, `types-${count}`)
  writeManyModels(project, count)
  const compiler = join(CHECKOUT, 'node_modules/typescript/bin/tsc')
  const said = await node([compiler, '-p', project, '--extendedDiagnostics', '--singleThreaded'])
  return Number(/^Instantiations: +(\d+)$/m.exec(said)?.[1])
}

async function node(args: readonly string[], env?: Readonly<Record<string, string>>) {
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return stdout
}
