import { pino } from 'pino'
import { expect, test } from 'vitest'
import { LogLevel } from './log-level.ts'

test('children go to debug and back with their parent, each to its own level', () => {
  const level = new LogLevel()
  const add = (logger: pino.Logger) => level.add(logger)
  const root = pino({ level: 'info', onChild: add })
  add(root)
  const [child, quiet] = [root.child({}), root.child({}, { level: 'error' })]
  level.toggle()
  const late = root.child({})
  expect([root, child, quiet, late].map((each) => each.level)).toEqual(Array(4).fill('debug'))
  level.toggle()
  expect([root, child, quiet, late].map((each) => each.level)).toEqual([
    'info',
    'info',
    'error',
    'info',
  ])
})

test('what says more than debug by its settings goes on so', () => {
  const level = new LogLevel()
  const root = pino({ level: 'trace' })
  level.add(root)
  level.toggle()
  expect(root.level).toBe('trace')
})
