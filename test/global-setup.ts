import type { TestProject } from 'vitest/node'
import { findServers, type Servers } from './servers.ts'
import type { TestRun } from './stack-context.ts'
import { dropDatabase, makeTemplate } from './template.ts'

let servers: Servers | undefined
let run: TestRun | undefined
let project: TestProject

/** Finds or starts the servers that all test files share, and makes the template of their databases. */
export async function setup(given: TestProject): Promise<void> {
  project = given
  const began = performance.now()
  try {
    servers = await findServers()
    run = await makeTemplate(servers)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    project.vitest.logger.log(`test servers: ${servers.about}, ready after ${seconds} s`)
    project.provide('stack', servers.stack)
    project.provide('testRun', run)
  } catch (fault) {
    // Files that need no server run all the same; the others fail with this.
    project.provide('stackFault', `no servers for the tests: ${(fault as Error).message}`)
  }
}

/** Leaves the servers as they were found; what failed is kept until the next run. */
export async function teardown(): Promise<void> {
  const files = project.vitest.state.getFiles()
  const keep = files.some(({ result }) => result?.state === 'fail')
  if (servers !== undefined && run !== undefined) {
    await dropDatabase(servers.stack.databaseUrl, run.template)
  }
  await servers?.stop({ keep })
}
