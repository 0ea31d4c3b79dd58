import { expect, test } from 'vitest'
import { standingOf } from './run-standing.ts'

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
