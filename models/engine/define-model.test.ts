import { sql } from 'kysely'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { agrees } from '../agreement.ts'
import { atLeast, column, nullable } from './column.ts'
import { type COMPILER, follow, model, type Ref, type RowOf, source } from './define-model.ts'

const payments = source<{
  id: string
  day: string
  amount: string
  mcc: string | null
  is_paid: boolean
}>('payments', { day: 'day' })

const id = column('text', 'Id.')
const day = column('date', 'Day.')
const amount = column('numeric(14,2)', 'Rupees.')

const stg_payments = model('stg_payments')
  .select((db, ref) => db.selectFrom(ref(payments, 'p')).select(['p.id', 'p.day', 'p.amount']))
  .promise({
    kind: 'view',
    about: 'Payments.',
    grain: ['id'],
    day: 'day',
    columns: { id, day, amount },
  })

const daily = model('daily')
  .select((db, ref) =>
    db
      .selectFrom(ref(stg_payments, 's'))
      .select(['s.day as date', sql<string>`sum(s.amount)`.as('total')])
      .groupBy('s.day'),
  )
  .promise({
    kind: 'by day',
    about: 'A row a day.',
    grain: ['date'],
    day: 'date',
    columns: { date: day, total: column('numeric(38,2)', 'Rupees.', atLeast(0)) },
    checks: [{ name: 'not at zero', holds: (of) => sql`${of('total')} > 0` }],
  })

const yearly = model('yearly')
  .select((db, ref) =>
    db
      .selectFrom(ref(daily, 'd'))
      .select([sql<number>`extract(year from d.date)::integer`.as('year')])
      .select(({ fn }) => fn.sum<string>('d.total').as('total'))
      .groupBy('year'),
  )
  .promise({
    kind: 'by key',
    about: 'A row a year.',
    grain: ['year'],
    follows: follow(daily, 'date'),
    columns: { year: column('integer', 'Year.'), total: column('numeric(38,2)', 'Rupees.') },
    checks: [agrees(daily, { total: 'total' }, { times: 2 })],
  })

/** A query of all types, nulls too. */
const selected = model('x').select((db, ref) =>
  db.selectFrom(ref(payments, 'p')).select(['p.id', 'p.day', 'p.mcc']),
)
const about = ''
const kind = 'view' as const
const grain = ['id'] as const
const mcc = nullable('text', 'Category.')
const columns = { id, day, mcc }

describe('A model', () => {
  test('knows what it reads', () => {
    expect(daily.reads).toEqual([stg_payments])
    expect(yearly.checks).toMatchObject([
      { name: 'agrees with daily', columns: ['total'], reads: [daily] },
    ])
  })

  test('reads one day of what has days, or all of it', () => {
    expect(daily.compile({ day: '2026-02-01' })).toMatchObject({
      sql: expect.stringContaining('from (select * from "stg_payments" where "day" = $1) as "s"'),
      parameters: ['2026-02-01'],
    })
    expect(daily.compile().sql).toContain('from "stg_payments" as "s"')
  })

  test('by key reads the keys that it is given, of the mart that it follows', () => {
    expect(yearly.compile({ keysIn: 'stale' }).sql).toContain(
      'from (select * from "daily" where "date" in (select key from "stale")) as "d"',
    )
    expect(daily.compile({ keysIn: 'stale' }).sql).toContain('from "stg_payments" as "s"')
  })

  test('gives the row type of its query to those who read it', () => {
    expectTypeOf<RowOf<typeof daily>>().toEqualTypeOf<{ date: string; total: string }>()
    expectTypeOf<RowOf<typeof stg_payments>['amount']>().toEqualTypeOf<string>()
  })

  test('may not bind values if it is a view: Postgres keeps its text', () => {
    const bound = model('x').select((db, ref) =>
      db.selectFrom(ref(payments, 'p')).select('p.id').where('p.day', '=', '2026-02-01'),
    )
    expect(() => bound.promise({ kind, about, grain, columns: { id } })).toThrow(
      'view x binds values',
    )
  })

  test('has its day in a date', () => {
    // In TypeScript both are strings.
    const dated = () => selected.promise({ kind, about, grain, day: 'id', columns })
    expect(dated).toThrow('column id of x is no date')
  })
})

describe('What does not compile', () => {
  test('a column that the upstream lacks', () => {
    // @ts-expect-error is_paid is in the source and not in the staging model
    model('x').select((db, ref) => db.selectFrom(ref(stg_payments, 's')).select('s.is_paid'))
  })

  test('a value of the wrong type', () => {
    model('x').select((db, ref) =>
      // @ts-expect-error is_paid is a boolean
      db.selectFrom(ref(payments, 'p')).select('p.id').where('p.is_paid', '=', 3),
    )
  })

  test('a column without a contract, and a contract without a column', () => {
    // @ts-expect-error mcc is selected and not described
    selected.promise({ kind, about, grain, columns: { id, day } })
    // @ts-expect-error amount is described and not selected
    selected.promise({ kind, about, grain, columns: { ...columns, amount } })
    // @ts-expect-error ids is no column
    selected.promise({ kind, about, grain: ['ids'], columns })
  })

  test('a key of no column, or of one that may be null', () => {
    // @ts-expect-error what tells its rows apart?
    selected.promise({ kind, about, grain: [], columns })
    // @ts-expect-error mcc may be null
    selected.promise({ kind, about, grain: ['mcc'], columns })
    // @ts-expect-error nor does it say of which day a row is
    expect(() => selected.promise({ kind, about, grain, day: 'mcc', columns })).toThrow()
  })

  test('a type that the values are not of', () => {
    // @ts-expect-error an id is text, and Postgres' integers are numbers
    selected.promise({ kind, about, grain, columns: { ...columns, id: column('integer', '') } })
    // @ts-expect-error nor is it a truth
    selected.promise({ kind, about, grain, columns: { ...columns, id: column('boolean', '') } })
    // @ts-expect-error float is no type of a mart: money would pass through it
    column('double precision', '')
  })

  test('null where the row has none, and none where it has', () => {
    // @ts-expect-error mcc may be null
    selected.promise({ kind, about, grain, columns: { ...columns, mcc: column('text', '') } })
    // @ts-expect-error id is never null
    selected.promise({ kind, about, grain, columns: { ...columns, id: nullable('text', '') } })
  })

  test('a model built by day that does not say which, or by key without what it follows', () => {
    const byDay = { kind: 'by day', about, grain } as const
    // @ts-expect-error no day
    selected.promise({ ...byDay, columns })
    // @ts-expect-error date is no column
    expect(() => selected.promise({ ...byDay, day: 'date', columns })).toThrow()
    // @ts-expect-error date is no column of an expression either
    selected.promise({ ...byDay, day: (of) => sql`${of('date')}`, columns })
    // @ts-expect-error nothing is followed
    selected.promise({ kind: 'by key', about, grain, columns })
    // @ts-expect-error daily has no such column
    follow(daily, 'day')
  })

  test('a check of a column that is not there', () => {
    const promised = { kind, about, grain, columns }
    const name = 'a check'
    // @ts-expect-error amount is not selected
    selected.promise({ ...promised, checks: [{ name, holds: (of) => sql`${of('amount')} > 0` }] })
    const totals = (db: typeof COMPILER, ref: Ref) =>
      db.selectFrom(ref(payments, 'p')).select(({ fn }) => fn.count('p.id').as('amount'))
    // @ts-expect-error amount is not selected
    selected.promise({ ...promised, checks: [{ name, columns: ['amount'], totals }] })
    // @ts-expect-error amount is not selected
    selected.promise({ ...promised, checks: [agrees(daily, { amount: 'total' })] })
    // @ts-expect-error daily has no amount
    selected.promise({ ...promised, checks: [agrees(daily, { id: 'amount' })] })
  })
})
