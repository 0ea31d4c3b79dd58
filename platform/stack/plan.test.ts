import { expect, test } from 'vitest'
import { dependents, startOrder } from './plan.ts'

const named = (name: string, ...needs: string[]) => ({ name, needs })

test('each component comes after what it needs', () => {
  const order = startOrder([
    named('stream', 'migrate', 'kafka'),
    named('migrate', 'postgres'),
    named('postgres'),
    named('kafka'),
  ])
  expect(order.map(({ name }) => name)).toEqual(['postgres', 'migrate', 'kafka', 'stream'])
})

test('a circle is refused and named', () => {
  expect(() => startOrder([named('a', 'b'), named('b', 'a')])).toThrow('a -> b -> a')
})

test('an unknown need and a doubled name are refused', () => {
  expect(() => startOrder([named('a', 'ghost')])).toThrow('needs ghost')
  expect(() => startOrder([named('a'), named('a')])).toThrow('share a name')
})

test('dependents are those that name it', () => {
  const components = [named('postgres'), named('registry', 'postgres'), named('kafka')]
  expect(dependents(components, 'postgres')).toEqual(['registry'])
})
