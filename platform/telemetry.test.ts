import { expect, test } from 'vitest'
import { describeFault } from './telemetry.ts'
import { fieldsOf } from './temporal-worker.ts'

test('what Postgres says of a value stays out of the log', () => {
  const fault = Object.assign(new Error('invalid input syntax for type numeric: "asha@ybl"'), {
    severity: 'ERROR',
    code: '22P02',
    detail: 'Key (payer)=(asha@ybl) already exists.',
    where: 'COPY clean, line 1: "asha@ybl"',
    table: 'clean_upi_transactions',
  })
  const shown = JSON.stringify(describeFault(new Error('batch failed', { cause: fault })))
  expect(shown).toContain('22P02')
  expect(shown).not.toContain('asha')
})

test('a login in an address stays out of the log', () => {
  const fault = new Error('connect to postgres://upi:secret@127.0.0.1:5432/upi failed')
  const shown = JSON.stringify(describeFault(fault))
  expect(shown).toContain('://[redacted]@127.0.0.1')
  expect(shown).not.toContain('secret')
})

test('a line of Temporal’s library tells its run and activity, and no value that Postgres refused', () => {
  const fault = Object.assign(new Error('invalid input syntax for type numeric: "asha@ybl"'), {
    severity: 'ERROR',
    code: '22P02',
  })
  const shown = fieldsOf({
    ...{ workflowId: 'refresh-dirty', workflowRunId: 'r', workflowType: 'refreshDirty' },
    ...{ activityType: 'buildModels', activityId: '1', attempt: 2, taskToken: 't', error: fault },
  })
  expect(shown).toEqual({
    ...{ workflow_id: 'refresh-dirty', run_id: 'r', workflow: 'refreshDirty' },
    ...{ activity: 'buildModels', activity_id: '1', attempt: 2 },
    reason: 'a value that Postgres refuses',
  })
})
