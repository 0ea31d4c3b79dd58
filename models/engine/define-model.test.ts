import { sql } from 'kysely'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { model, type RowOf, source } from './define-model.ts'

const payments = source<{ id: string; day: string; amount: string; is_paid: boolean }>('payments', {
  day: 'day',
})

const stg_payments = model('stg_payments')
  .select((db, ref) => db.selectFrom(ref(payments, 'p')).select(['p.id', 'p.day', 'p.amount']))
  .promise({
    kind: 'view',
    about: 'Payments.',
    grain: ['id'],
    day: 'day',
    columns: { id: { about: 'Id.' }, day: { about: 'Day.' }, amount: { about: 'Rupees.' } },
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
    columns: { date: { about: 'Day.' }, total: { about: 'Rupees.' } },
  })

describe('A model', () => {
  test('knows what it reads', () => {
    expect(daily.reads).toEqual([stg_payments])
  })

  test('reads one day of what has days, or all of it', () => {
    expect(daily.compile('2026-02-01')).toMatchObject({
      sql: expect.stringContaining('from (select * from "stg_payments" where "day" = $1) as "s"'),
      parameters: ['2026-02-01'],
    })
    expect(daily.compile().sql).toContain('from "stg_payments" as "s"')
  })

  test('gives the row type of its query to those who read it', () => {
    expectTypeOf<RowOf<typeof daily>>().toEqualTypeOf<{ date: string; total: string }>()
    expectTypeOf<RowOf<typeof stg_payments>['amount']>().toEqualTypeOf<string>()
  })

  test('does not compile with a column that the upstream lacks', () => {
    // @ts-expect-error is_paid is in the source and not in the staging model
    model('x').select((db, ref) => db.selectFrom(ref(stg_payments, 's')).select('s.is_paid'))
  })

  test('does not compile with a value of the wrong type', () => {
    model('x').select((db, ref) =>
      // @ts-expect-error is_paid is a boolean
      db.selectFrom(ref(payments, 'p')).select('p.id').where('p.is_paid', '=', 3),
    )
  })

  test('does not compile without a contract for each of its columns, and no other', () => {
    const selected = model('x').select((db, ref) =>
      db.selectFrom(ref(payments, 'p')).select(['p.id', 'p.day']),
    )
    const id = { about: 'Id.' }
    const day = { about: 'Day.' }
    // @ts-expect-error day is selected and not described
    selected.promise({ kind: 'view', about: '', grain: ['id'], columns: { id } })
    // @ts-expect-error amount is described and not selected
    selected.promise({ kind: 'view', about: '', grain: ['id'], columns: { id, day, amount: day } })
    // @ts-expect-error ids is no column
    selected.promise({ kind: 'view', about: '', grain: ['ids'], columns: { id, day } })
    // @ts-expect-error a model built by day names the column of its day
    selected.promise({ kind: 'by day', about: '', grain: ['id'], columns: { id, day } })
  })

  test('may not bind values if it is a view: Postgres keeps its text', () => {
    const bound = model('x').select((db, ref) =>
      db.selectFrom(ref(payments, 'p')).select('p.id').where('p.day', '=', '2026-02-01'),
    )
    const columns = { id: { about: 'Id.' } }
    expect(() => bound.promise({ kind: 'view', about: '', grain: ['id'], columns })).toThrow(
      'view x binds values',
    )
  })
})
