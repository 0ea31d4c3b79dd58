import { describe, expect, test } from 'vitest'
import { column } from './column.ts'
import { follow, type Model, model, type Relation, source } from './define-model.ts'
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

  test('knows who follows a mart, whose table then is another', () => {
    const mart = dayModel('mart')
    const follower = model('follower')
      .select((db, ref) => db.selectFrom(ref(mart, 'm')).select('m.day').groupBy('m.day'))
      .promise({
        kind: 'by key',
        follows: follow(mart, 'day'),
        about: '',
        grain: ['day'],
        columns: { day: column('date', '') },
      })
    const followed = makeGraph([mart, follower])
    expect(followed.followersOf(mart)).toEqual([{ model: 'follower', by: 'day' }])
    expect(followed.shapeOf(mart)).not.toBe(makeGraph([mart]).shapeOf(mart))
    expect(() => makeGraph([follower])).toThrow('model follower reads mart, which is not listed')
  })

  test('names a mart that a check reads and that is not listed', () => {
    const other = dayModel('other')
    const checked: Model = {
      ...dayModel('checked'),
      checks: [{ name: 'agrees', columns: [], reads: [other], totals: () => base.day as never }],
    }
    expect(() => makeGraph([checked])).toThrow('model checked reads other, which is not listed')
    expect(makeGraph([checked, other]).models).toHaveLength(2)
  })

  test('refuses what a model would not hear of', () => {
    const mart = dayModel('mart')
    const whole: Model = { ...reading('whole', mart), kind: 'table' }
    const seen: Model = { ...reading('seen', mart), reads: [whole] }
    const byDay: Model = { ...dayModel('by_day'), reads: [mart, seen] }
    expect(() => makeGraph([mart, whole, seen, byDay])).toThrow(
      'model by_day is built by day, and reads whole, which has no days',
    )
    const follower: Model = {
      ...reading('follower', mart),
      kind: 'by key',
      follows: follow(mart, 'day'),
      reads: [mart, dayModel('other')],
    }
    expect(() => makeGraph([mart, dayModel('other'), follower])).toThrow(
      'model follower reads other, and follows mart only',
    )
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
      columns: { day: column('date', '') },
    })
}

function dayModel(name: string) {
  return model(name)
    .select((db, ref) => db.selectFrom(ref(base, 'b')).select('b.day').groupBy('b.day'))
    .promise({
      kind: 'by day',
      day: 'day',
      about: name,
      grain: ['day'],
      columns: { day: column('date', '') },
    })
}
