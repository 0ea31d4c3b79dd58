import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import proto from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { expect, test } from 'vitest'
import { STREAM_WAIT_MS_MAX } from '../core/limits.ts'
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
}, 180_000)

test('there is a recorded run of each workflow', () => {
  const types = histories().map(
    ({ history }) => history.events[0].workflowExecutionStartedEventAttributes.workflowType.name,
  )
  expect([...new Set(types)].toSorted()).toEqual(Object.keys(workflows).toSorted())
})

test.each(histories())('$file does not tell where it was recorded', ({ history }) => {
  expect(JSON.stringify(history)).not.toMatch(/"\d+@/)
})

test.each(histories())('the workflows go on with the run of $file', async ({ history }) => {
  await replay(history)
})

test('what goes another way than its history is found out', async () => {
  const { history } = found('reconcile.json')
  const [asked] = history.events.filter(isOf('ACTIVITY_TASK_SCHEDULED'))
  asked.activityTaskScheduledEventAttributes.activityType.name = 'another'
  await expect(replay(history)).rejects.toThrow(/[Nn]ondeterminism/)
})

// Time does not pass quicker for a test: the run is the recorded one, with the hour of its second look put off.
test('a day whose stream is still behind after five minutes fails', async () => {
  const { events } = found('daily-upi-aggregation.json').history
  const [first, second] = events.filter(isOf('ACTIVITY_TASK_COMPLETED'))
  const { result } = first.activityTaskCompletedEventAttributes
  Object.assign(second.activityTaskCompletedEventAttributes, { result })
  const told = events.slice(0, events.indexOf(second) + 1 + TASK_EVENTS)
  for (const event of told.slice(told.findIndex(isOf('TIMER_FIRED')))) {
    event.eventTime.seconds = Number(event.eventTime.seconds) + STREAM_WAIT_MS_MAX / 1000
  }
  const failed = {
    ...told.at(-1),
    ...{ eventId: told.length + 1, eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED' },
    workflowTaskCompletedEventAttributes: undefined,
    workflowExecutionFailedEventAttributes: { workflowTaskCompletedEventId: told.length },
  }
  await replay({ events: [...told, failed] })
})

test('the bundle is made once, and then found', async () => {
  const path = await workflowBundle(own.configFor())
  const { mtimeMs, ino } = statSync(path)
  expect(await workflowBundle(own.configFor())).toBe(path)
  expect(statSync(path)).toMatchObject({ mtimeMs, ino })
})

// A task of the workflow is scheduled, begun and ended before what it decides.
const TASK_EVENTS = 3

async function replay(history: object): Promise<void> {
  const codePath = await workflowBundle(own.configFor())
  await Worker.runReplayHistory({ workflowBundle: { codePath } }, History.fromObject(history))
}

function isOf(type: string) {
  return ({ eventType }: { readonly eventType: string }) => eventType === `EVENT_TYPE_${type}`
}

function found(name: string) {
  return histories().find(({ file }) => file === name) as ReturnType<typeof histories>[number]
}

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
