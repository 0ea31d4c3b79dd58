import { describe, expect, test } from 'vitest'
import { type Model, model, type Relation, source } from './define-model.ts'
import { makeGraph } from './graph.ts'

const base = source<{ day: string }>('base', { day: 'day' })

describe('The graph of the models', () => {
  test('puts each model after those it reads', () => {
    const a = reading('a', base)
    const b = reading('b', a)
    const c = reading('c', b)
    expect(makeGraph([c, b, a]).models.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  test('names a model that is listed twice', () => {
    const a = reading('a', base)
    expect(() => makeGraph([a, a])).toThrow('model a is listed twice')
  })

  test('names a model that is read and not listed', () => {
    const b = reading('b', reading('a', base))
    expect(() => makeGraph([b])).toThrow('model b reads a, which is not listed')
  })

  test('names the circle that it refuses', () => {
    const a = reading('a', base)
    const b = reading('b', a)
    const turned: Model = { ...a, reads: [b] }
    expect(() => makeGraph([turned, b])).toThrow('in a circle: a → b → a')
  })

  test('gives another fingerprint to a model whose upstream changed', () => {
    const a = reading('a', base)
    const changed: Model = { ...a, grain: [] }
    const b = reading('b', a)
    const before = makeGraph([a, b])
    const after = makeGraph([changed, b])
    expect(before.fingerprintOf(b)).not.toBe(after.fingerprintOf(b))
    expect(makeGraph([b, a]).fingerprintOf(b)).toBe(before.fingerprintOf(b))
  })
})

function reading(name: string, upstream: Relation<{ day: string }>) {
  return model(name)
    .select((db, ref) => db.selectFrom(ref(upstream, 'u')).select('u.day'))
    .promise({
      kind: 'view',
      about: name,
      grain: ['day'],
      day: 'day',
      columns: { day: { about: '' } },
    })
}
