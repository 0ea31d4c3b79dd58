import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { MODELS } from '../index.ts'
import { column, nullable } from './column.ts'
import { columnLineage, type Lineage, type Upstream } from './column-lineage.ts'
import { model, source } from './define-model.ts'

interface Payments {
  id: string
  day: string
  payer: string
  payee: string
  amount: string
  status: string
}

const payments = source<Payments>('payments')
const text = column('text', 'Text.')
const money = nullable('numeric(38,2)', 'Money.')
const promise = { kind: 'table', about: 'For a test.', grain: ['day'] } as const

describe('where columns come from', () => {
  test.each(MODELS.map((each) => [each.name, each] as const))(
    'every column of %s has a column above it, and each of those is there',
    (_, each) => {
      const { columns, rows } = columnLineage(each)
      expect(Object.keys(columns).toSorted()).toEqual(Object.keys(each.columns).toSorted())
      const without = Object.entries(columns).filter(([, upstream]) => upstream.length === 0)
      expect(without.map(([name]) => name)).toEqual([])
      const reads = each.reads.map(({ name }) => name)
      const foreign = [...Object.values(columns).flat(), ...rows].filter(
        ({ relation }) => !reads.includes(relation),
      )
      expect(foreign).toEqual([])
    },
  )

  test('values flow through a CTE, a join and a cast; what only decides is told apart', () => {
    const daily = model('daily')
      .select((db, ref) =>
        db
          .with('summed', (q) =>
            q
              .selectFrom(ref(payments, 'p'))
              .where('p.status', '=', sql.lit('SUCCESS'))
              .select('p.day')
              .select(({ ref: of }) => [
                sql<string>`sum(${of('p.amount')}) filter (where ${of('p.payer')} <> '')`.as('sum'),
                sql<string>`case when ${of('p.payee')} = '"p"."id"' then ${of('p.payer')} end`.as(
                  'who',
                ),
              ])
              .groupBy(['p.day', 'p.payee', 'p.payer']),
          )
          .selectFrom('summed as s')
          .innerJoin(ref(payments, 'o'), 'o.id', 's.who')
          .select(['s.day', 's.who'])
          .select(({ ref: of }) =>
            sql<string | null>`(${of('s.sum')} / 2)::numeric(38, 2)`.as('half'),
          ),
      )
      .promise({ ...promise, columns: { day: column('date', 'Day.'), who: text, half: money } })
    expect(short(columnLineage(daily))).toEqual({
      columns: {
        day: ['day IDENTITY'],
        who: ['payee CONDITIONAL', 'payer TRANSFORMATION'],
        half: ['amount AGGREGATION', 'payer CONDITIONAL'],
      },
      rows: [
        'status FILTER',
        'day GROUP_BY',
        'payee GROUP_BY',
        'payer GROUP_BY',
        'id JOIN',
        'payee JOIN',
        'payer JOIN',
      ],
    })
  })

  test('both sides of a union, a query in a query, and a window', () => {
    const parties = model('parties')
      .select((db, ref) =>
        db
          .selectFrom(
            db
              .selectFrom(ref(payments, 'p'))
              .select(['p.day', 'p.payer as who'])
              .unionAll(db.selectFrom(ref(payments, 'q')).select(['q.day', 'q.payee as who']))
              .as('u'),
          )
          .select('u.day')
          .select(({ ref: of, exists }) => {
            const paid = db
              .selectFrom(ref(payments, 'x'))
              .where(sql.ref('x.id'), '=', of('u.who'))
              .where('x.status', '=', sql.lit('SUCCESS'))
            return [
              of('u.who').as('who'),
              sql<string>`row_number() over (partition by ${of('u.who')})::text`.as('nth'),
              sql<string>`${exists(paid)}::text`.as('known'),
            ]
          }),
      )
      .promise({
        ...promise,
        columns: { day: column('date', 'Day.'), who: text, nth: text, known: text },
      })
    expect(short(columnLineage(parties)).columns).toMatchObject({
      day: ['day IDENTITY'],
      who: ['payer IDENTITY', 'payee IDENTITY'],
      nth: ['payer WINDOW', 'payee WINDOW'],
      known: ['id CONDITIONAL', 'payer CONDITIONAL', 'payee CONDITIONAL', 'status CONDITIONAL'],
    })
  })

  test('a count of rows comes from what decides which rows there are', () => {
    const counted = model('counted')
      .select((db, ref) =>
        db
          .selectFrom(ref(payments, 'p'))
          .select(({ fn }) => ['p.day', fn.countAll<string>().as('txns')])
          .groupBy('p.day'),
      )
      .promise({
        ...promise,
        columns: { day: column('date', 'Day.'), txns: column('bigint', 'Rows.') },
      })
    expect(short(columnLineage(counted)).columns).toMatchObject({ txns: ['day GROUP_BY'] })
  })

  test('a column that a fragment names as text has no column above it, which the first test refuses', () => {
    const hidden = model('hidden')
      .select((db, ref) =>
        db.selectFrom(ref(payments, 'p')).select(sql<string>`upper(payer)`.as('day')),
      )
      .promise({ ...promise, columns: { day: text } })
    expect(columnLineage(hidden).columns).toEqual({ day: [] })
  })

  test('a name that no relation has is refused', () => {
    const wrong = model('wrong')
      .select((db, ref) =>
        db.selectFrom(ref(payments, 'p')).select(sql<string>`${sql.ref('x.day')}`.as('day')),
      )
      .promise({ ...promise, columns: { day: text } })
    expect(() => columnLineage(wrong)).toThrow('lineage of wrong: no relation has x.day')
  })
})

function short({ columns, rows }: Lineage) {
  const words = (upstream: readonly Upstream[]) => [
    ...new Set(upstream.map((each) => `${each.column} ${each.subtype}`)),
  ]
  const entries = Object.entries(columns).map(([name, upstream]) => [name, words(upstream)])
  return { columns: Object.fromEntries(entries), rows: words(rows) }
}
