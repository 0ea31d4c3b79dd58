import { expect } from 'vitest'
import { runCli } from './harness.ts'

/** What doctor says of one thing. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly text: string
  readonly fix?: string
}

const MACHINE = ['node', 'folders', 'disk', 'memory', 'ports', 'postgres', 'java', 'maven', 'room']

/** What doctor finds of the platform; what this machine lacks is no fault of it. */
export async function doctorFaults(env: Record<string, string>): Promise<Finding[]> {
  const { code, stdout } = await runCli(['doctor', '--json'], env)
  const all = JSON.parse(stdout) as Finding[]
  expect(code).toBe(all.every(({ ok }) => ok) ? 0 : 1)
  return all.filter(({ name, ok }) => !ok && !MACHINE.includes(name))
}
