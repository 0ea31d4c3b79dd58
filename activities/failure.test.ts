import { ServiceError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import { UpiError } from '../core/errors.ts'
import { toFailure } from './failure.ts'

const CASES: readonly (readonly [what: string, error: unknown, type: string, retried: boolean])[] =
  [
    ['an outage', new UpiError('KAFKA_UNAVAILABLE', 'away'), 'KAFKA_UNAVAILABLE', true],
    ['what needs a person', new UpiError('SCHEMA_VERSION', 'old'), 'SCHEMA_VERSION', false],
    ['a failed check', new UpiError('CHECK_FAILED', 'two rows'), 'CHECK_FAILED', false],
    ['wrong use', new UpiError('OPTION_INVALID', 'no day'), 'OPTION_INVALID', false],
    ['a dropped connection', pgError('57P01'), 'POSTGRES_UNAVAILABLE', true],
    ['a server of Temporal that is away', grpcError(14), 'TEMPORAL_UNAVAILABLE', true],
    ['a run that nobody remembers', grpcError(5), 'BUG', false],
    ['a deadlock', pgError('40P01'), 'POSTGRES_BUSY', true],
    ['a missing table', pgError('42P01'), 'BUG', false],
    ['what nobody expected', new TypeError('x is not a function'), 'BUG', false],
  ]

test.each(CASES)('%s becomes a failure of its code', (_, error, type, retried) => {
  const failure = toFailure(error) as ApplicationFailure
  expect(failure).toBeInstanceOf(ApplicationFailure)
  expect(failure).toMatchObject({ type, nonRetryable: !retried })
})

test('a failure of Temporal stays what it is', () => {
  const failure = ApplicationFailure.nonRetryable('no')
  expect(toFailure(failure)).toBe(failure)
})

function grpcError(code: number): Error {
  const cause = Object.assign(new Error('from the server'), { code, details: '', metadata: {} })
  return new ServiceError('Failed to describe workflow', { cause })
}

function pgError(code: string): Error {
  return Object.assign(new Error('from Postgres'), { code })
}

test('a value that Postgres refuses is in no failure', () => {
  const message = 'invalid input syntax for type numeric: "asha@ybl"'
  const fault = Object.assign(new Error(message), { code: '22P02', severity: 'ERROR' })
  const { message: told, cause } = toFailure(fault)
  expect(`${told} ${cause?.message} ${cause?.stack}`).not.toContain('asha')
})

test('a value that reads like an outage is none', () => {
  const message = 'invalid input syntax for type numeric: "Connection terminated for asha@ybl"'
  const failure = toFailure(Object.assign(new Error(message), { code: '22P02', severity: 'ERROR' }))
  expect(failure).toMatchObject({ type: 'BUG', nonRetryable: true })
  expect(failure.message).not.toContain('asha')
})
