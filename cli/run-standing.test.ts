import { expect, test } from 'vitest'
import { Patience, standingOf } from './run-standing.ts'

const SCHEDULED = 1
const STARTED = 2

test('a run that no worker has taken is named', () => {
  expect(standingOf({ pendingWorkflowTask: { state: SCHEDULED } })).toEqual({
    text: 'waits for a worker',
    untaken: 'run',
  })
})

test('an activity that no worker has taken is named', () => {
  const pendingActivities = [{ activityType: { name: 'buildDay' }, state: SCHEDULED }]
  expect(standingOf({ pendingActivities })).toEqual({
    text: 'buildDay waits for a worker',
    untaken: 'activity',
  })
})

test('an activity at work is named', () => {
  const pendingActivities = [{ activityType: { name: 'buildDay' }, state: STARTED }]
  expect(standingOf({ pendingActivities })).toEqual({ text: 'buildDay is running' })
})

test('an activity that keeps failing is named with its reason', () => {
  const lastFailure = {
    message: 'no answer',
    applicationFailureInfo: { type: 'POSTGRES_UNAVAILABLE' },
  }
  const pendingActivities = [
    { activityType: { name: 'buildDay' }, state: SCHEDULED, attempt: 4, lastFailure },
  ]
  expect(standingOf({ pendingActivities })).toEqual({
    text: 'buildDay has failed 3 times and is tried again: no answer',
    failing: { attempts: 3, code: 'POSTGRES_UNAVAILABLE', message: 'no answer' },
  })
})

// One of another version does not know the workflow, or replays it differently: Temporal tries on for ever.
test('a run that no worker can go on with is named', () => {
  const message = 'its worker cannot go on with it: see ./upi logs worker'
  expect(standingOf({ pendingWorkflowTask: { state: STARTED, attempt: 5 } })).toEqual({
    text: `has stopped 4 times and is tried again: ${message}`,
    failing: { attempts: 4, code: 'WORKER_UNAVAILABLE', message },
  })
})

test('a command gives up after ten seconds without a worker, not before, and not when one takes it', () => {
  const patience = new Patience('a-run', 'upi')
  const untaken = { text: '', untaken: 'run' } as const
  patience.test(untaken, 0)
  patience.test({ text: '' }, 9_000)
  patience.test(untaken, 11_000)
  patience.test(untaken, 20_000)
  expect(() => patience.test(untaken, 21_000)).toThrow('no worker takes a-run from task queue upi')
})

test('a command gives up when the outside stays away', () => {
  const patience = new Patience('a-run', 'upi')
  patience.test(failed(3), 0)
  expect(() => patience.test(failed(4), 1)).toThrow('a-run goes on trying: away')
})

test('a run that was failing already gets one more try', () => {
  const patience = new Patience('a-run', 'upi')
  patience.test(failed(9), 0)
  patience.test(failed(9), 60_000)
  expect(() => patience.test(failed(10), 60_001)).toThrow('goes on trying')
})

function failed(attempts: number) {
  return { text: '', failing: { attempts, code: 'POSTGRES_UNAVAILABLE', message: 'away' } }
}
