import { describe, expect, test } from 'vitest'
import { column } from './column.ts'
import { follow, type Model, model, source } from './define-model.ts'
import { explain } from './explain.ts'
import { makeGraph } from './graph.ts'
import { type Built, plan, type Wanted, type Warehouse } from './plan.ts'
import type { Table } from './shape.ts'

const clean = source<{ date: string; shop: string }>('clean', { day: 'date' })
const columns = { date: column('date', 'Day.'), shop: column('text', 'Shop.') }

const stg = model('stg')
  .select((db, ref) => db.selectFrom(ref(clean, 'c')).select(['c.date', 'c.shop']))
  .promise({ kind: 'view', about: '', day: 'date', grain: ['shop'], columns })
const daily = dayModel('daily')
const shops = dayModel('shops')
const dim = model('dim')
  .select((db, ref) => db.selectFrom(ref(shops, 's')).select('s.shop').groupBy('s.shop'))
  .promise({
    kind: 'by key',
    follows: follow(shops, 'shop'),
    about: '',
    grain: ['shop'],
    columns: { shop: columns.shop },
  })
const graph = makeGraph([daily, dim, shops, stg])
const D1 = '2026-02-01'
const D2 = '2026-02-02'

describe('A plan', () => {
  test('does nothing when everything is as it should be', () => {
    expect(explained({}, upToDate())).toEqual([])
  })

  test('makes what is missing first, and builds every day that has rows, then what has no days', () => {
    expect(explained({}, { ...empty(), days: new Set([D2, D1]) })).toEqual([
      'make view (query differs): stg',
      'make table (missing): daily',
      'make table (missing): shops',
      'make table (missing): dim',
      `build ${D1} (never built): daily, shops`,
      `build ${D2} (never built): daily, shops`,
      'build all (never built): dim',
    ])
  })

  test('builds all marts of a day whose rows changed, and the keys that may have changed with them', () => {
    const warehouse = { ...upToDate(), marked: new Map([['daily', new Set([D2])]]) }
    expect(explained({}, warehouse)).toEqual([
      `build ${D2} (rows changed): daily, shops`,
      'build stale keys (rows changed): dim',
    ])
  })

  test('builds only the mart that is new, or of another version, or failed', () => {
    const old: Built = { fingerprint: 'old', state: 'built' }
    const built = new Map(upToDate().built).set('daily', new Map([[D1, old]]))
    expect(explained({}, { ...upToDate(), built })).toEqual([
      `build ${D1} (model changed): daily`,
      `build ${D2} (never built): daily`,
    ])
    const failed: Built = { fingerprint: graph.fingerprintOf(daily), state: 'failed' }
    const broken = new Map(upToDate().built).set('daily', daysOf(daily).set(D1, failed))
    expect(explained({}, { ...upToDate(), built: broken })).toEqual([
      `build ${D1} (failed before): daily`,
    ])
  })

  test('builds keys that were written since their last build, and all of them for another version', () => {
    expect(explained({}, { ...upToDate(), stale: new Set(['dim']) })).toEqual([
      'build stale keys (rows changed): dim',
    ])
    const other = new Map(upToDate().built).set(
      'dim',
      new Map([['', { fingerprint: 'old', state: 'built' as const }]]),
    )
    expect(explained({}, { ...upToDate(), built: other })).toEqual([
      'build all (model changed): dim',
    ])
  })

  test('builds what is asked for though it is up to date', () => {
    expect(explained({ days: { from: D1, to: D1 }, isFull: true }, upToDate())).toEqual([
      `build ${D1} (asked): daily, shops`,
      'build all (asked): dim',
    ])
    expect(explained({ isFull: true, models: [daily, dim] }, upToDate())).toEqual([
      `build ${D1} (asked): daily`,
      `build ${D2} (asked): daily`,
      'build all (asked): dim',
    ])
  })

  test('builds on nothing stale: a mart above that changed is built first, though nobody asked', () => {
    const sum = model('sum')
      .select((db, ref) => db.selectFrom(ref(daily, 'd')).select(['d.date', 'd.shop']))
      .promise({ kind: 'by day', about: '', day: 'date', grain: ['date', 'shop'], columns })
    const wider = makeGraph([sum, daily, stg])
    const marked = new Map([
      ['daily', new Set([D1])],
      ['sum', new Set([D1])],
    ])
    const built = new Map(upToDate().built).set('sum', daysOf(sum, wider))
    const tables = new Map(upToDate().tables).set('sum', {
      shape: wider.shapeOf(sum),
      columns: new Map(),
      required: new Set(),
      key: [],
    })
    const steps = plan(wider, { models: [sum] }, { ...upToDate(), built, tables, marked })
    expect(explain(steps).map(({ models }) => models)).toEqual([['daily', 'sum']])
    const again = plan(
      wider,
      { models: [sum] },
      {
        ...upToDate(),
        built,
        tables,
        marked: new Map([['sum', new Set([D1])]]),
      },
    )
    expect(explain(again).map(({ models }) => models)).toEqual([['sum']])
  })

  test('keeps to the days within a range', () => {
    const warehouse = { ...upToDate(), marked: new Map([['daily', new Set([D1, D2])]]) }
    const days = { from: D2, to: D2 }
    expect(explained({ days, models: [daily] }, warehouse)).toEqual([
      `build ${D2} (rows changed): daily`,
    ])
  })

  test('leaves a day alone whose rows are in the lake', () => {
    const warehouse = {
      ...upToDate(),
      marked: new Map([['daily', new Set([D1])]]),
      archived: new Set([D1]),
    }
    expect(explained({}, warehouse)).toEqual([`skip ${D1} (archived): `])
  })

  test('refuses a table that would lose figures', () => {
    const table = {
      shape: 'old',
      columns: new Map([['date', 'text']]),
      required: new Set<string>(),
      key: ['date', 'shop'],
    }
    const warehouse = { ...upToDate(), tables: new Map([['daily', table]]) }
    expect(() => explained({}, warehouse)).toThrow(
      'table daily: column date is text there, and date in the contract',
    )
    const keyless = { ...table, columns: new Map([['date', 'date']]), key: ['date'] }
    expect(() => explained({}, { ...warehouse, tables: new Map([['daily', keyless]]) })).toThrow(
      'its key is (date) there, and (date, shop) in the contract',
    )
  })

  test('adds the columns that a table lacks', () => {
    const table = {
      shape: 'old',
      columns: new Map([['date', 'date']]),
      required: new Set<string>(),
      key: ['date', 'shop'],
    }
    const warehouse = { ...upToDate(), tables: new Map(upToDate().tables).set('daily', table) }
    expect(explained({}, warehouse)).toEqual(['make table (lacks shop): daily'])
  })
})

function explained(wanted: Partial<Wanted>, warehouse: Warehouse): string[] {
  const steps = plan(graph, { models: graph.models, ...wanted }, warehouse)
  return explain(steps).map(
    ({ does, subject, reason, models }) => `${does} ${subject} (${reason}): ${models.join(', ')}`,
  )
}

function empty(): Warehouse {
  return {
    views: new Map(),
    tables: new Map(),
    built: new Map(),
    marked: new Map(),
    days: new Set(),
    archived: new Set(),
    stale: new Set(),
  }
}

function upToDate(): Warehouse {
  const tables = graph.models.map((one): [string, Table] => [
    one.name,
    { shape: graph.shapeOf(one), columns: new Map(), required: new Set(), key: [] },
  ])
  return {
    ...empty(),
    views: new Map([['stg', graph.fingerprintOf(stg)]]),
    tables: new Map(tables),
    built: new Map([
      ['daily', daysOf(daily)],
      ['shops', daysOf(shops)],
      ['dim', new Map([['', { fingerprint: graph.fingerprintOf(dim), state: 'built' }]])],
    ]),
    days: new Set([D1, D2]),
  }
}

function daysOf(one: Model, of = graph): Map<string, Built> {
  const built = { fingerprint: of.fingerprintOf(one), state: 'built' } as const
  return new Map([D1, D2].map((date) => [date, built]))
}

function dayModel(name: string) {
  return model(name)
    .select((db, ref) =>
      db.selectFrom(ref(stg, 's')).select(['s.date', 's.shop']).groupBy(['s.date', 's.shop']),
    )
    .promise({ kind: 'by day', about: '', day: 'date', grain: ['date', 'shop'], columns })
}
