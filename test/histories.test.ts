import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import proto from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { expect, test } from 'vitest'
import { CHECKOUT } from '../platform/config.ts'
import { workflowBundle } from '../platform/workflow-bundle.ts'
import * as workflows from '../workflows/index.ts'
import { useStack } from './harness.ts'
import { SCENES } from './scenes.ts'
import { useWorker } from './temporal-worker.ts'

const own = useStack('namespace')
const worker = useWorker(() => own.configFor())
const { History } = proto.temporal.api.history.v1
const FOLDER = join(CHECKOUT, 'test/histories')

// `npm run histories` writes them anew: after a workflow has changed so that runs under way need not go on with it.
test('a run of each workflow is recorded where that is asked for', async () => {
  if (!isRewrite()) return
  for (const { name, activities, run } of SCENES) {
    Object.assign(worker, { activities })
    const handle = await run(worker.client, own.name)
    await handle.result().catch(() => {})
    writeFileSync(join(FOLDER, `${name}.json`), recorded(await handle.fetchHistory()))
  }
})

test('there is a recorded run of each workflow', () => {
  const types = histories().map(
    ({ history }) => history.events[0].workflowExecutionStartedEventAttributes.workflowType.name,
  )
  expect([...new Set(types)].toSorted()).toEqual(Object.keys(workflows).toSorted())
})

test.each(histories())('$file does not tell where it was recorded', ({ history }) => {
  expect(JSON.stringify(history)).not.toMatch(/"\d+@/)
})

test.each(readdirSync(FOLDER))('the workflows go on with the run of %s', async (file) => {
  const history = History.fromObject(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')))
  const codePath = await workflowBundle(own.configFor())
  await Worker.runReplayHistory({ workflowBundle: { codePath } }, history)
})

function histories() {
  return readdirSync(FOLDER).map((file) => ({
    file,
    history: JSON.parse(readFileSync(join(FOLDER, file), 'utf8')),
  }))
}

// Who ran it, where, and in which file it failed, says nothing of the workflow.
function recorded(history: proto.temporal.api.history.v1.IHistory): string {
  const silent = ['identity', 'stackTrace', 'binaryChecksum', 'workerVersion', 'buildId']
  const plain = History.toObject(History.create(history), {
    longs: String,
    enums: String,
    bytes: String,
  })
  const known = (key: string, each: unknown) =>
    typeof each === 'string' && (silent.includes(key) || PROCESS.test(each)) ? '' : each
  return `${JSON.stringify(plain, known, 1)}\n`
}

// A worker's own task queue is named after its process and its machine.
const PROCESS = /^\d+@/

interface Asked {
  readonly snapshotState?: { readonly _updateSnapshot?: string }
}

// As `--update` writes other snapshots.
function isRewrite(): boolean {
  const { snapshotState } = expect.getState() as unknown as Asked
  return snapshotState?._updateSnapshot === 'all'
}
