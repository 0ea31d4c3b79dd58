import { describe, expect, test } from 'vitest'
import { column } from './column.ts'
import { model, type Relation, source } from './define-model.ts'
import { makeGraph } from './graph.ts'
import { selectModels } from './select.ts'

// payments → stg → fact → daily → dim, and stg → hourly
const stg = reading('stg_payments', [], source<{ day: string }>('payments', { day: 'day' }))
const fact = reading('fact_payments', ['daily'], stg)
const hourly = reading('hourly_summary', ['hours'], stg)
const daily = reading('daily_summary', ['daily'], fact)
const dim = reading('dim_days', [], daily)
const graph = makeGraph([dim, daily, hourly, fact, stg])

describe('A selection', () => {
  test.each([
    ['fact_payments', ['fact_payments']],
    ['+fact_payments', ['stg_payments', 'fact_payments']],
    ['fact_payments+', ['fact_payments', 'daily_summary', 'dim_days']],
    ['+daily_summary+', ['stg_payments', 'fact_payments', 'daily_summary', 'dim_days']],
    ['1+daily_summary', ['fact_payments', 'daily_summary']],
    ['2+dim_days', ['fact_payments', 'daily_summary', 'dim_days']],
    ['stg_payments+1', ['stg_payments', 'fact_payments', 'hourly_summary']],
    ['0+fact_payments', ['fact_payments']],
    ['tag:daily', ['fact_payments', 'daily_summary']],
    ['tag:hours+', ['hourly_summary']],
    ['*_summary', ['daily_summary', 'hourly_summary']],
    ['+h*', ['stg_payments', 'hourly_summary']],
    ['dim_days hourly_summary', ['dim_days', 'hourly_summary']],
    ['dim_days, hourly_summary', ['dim_days', 'hourly_summary']],
  ])('%s', (selection, names) => {
    expect(namesOf([selection]).toSorted()).toEqual(names.toSorted())
  })

  test('may be given several times; the order is that of the graph', () => {
    const names = namesOf(['dim_days', '1+daily_summary'])
    expect(names).toEqual(['fact_payments', 'daily_summary', 'dim_days'])
  })

  test('of nothing is all', () => {
    expect(selectModels(graph, [])).toEqual(graph.models)
  })

  test.each([
    ['daily_sumary', "no model is named 'daily_sumary'", 'did you mean daily_summary?'],
    ['summary', "no model is named 'summary'", 'did you mean daily_summary, hourly_summary?'],
    ['dayly', "no model is named 'dayly'", 'did you mean daily_summary?'],
    ['tag:dayly', "no model has the tag 'dayly'", 'did you mean tag:daily?'],
    ['tag:weather', "no model has the tag 'weather'", 'there is tag:daily, tag:hours'],
    ['a/b', "'a/b' is no selection", 'see ./upi models list'],
    ['', 'a selection names no model', 'see ./upi models list'],
  ])("'%s' is refused in one line with what may be meant", (selection, message, fix) => {
    const refusal = expect.objectContaining({ code: 'OPTION_INVALID', message, fix })
    expect(() => selectModels(graph, [selection])).toThrow(refusal)
  })
})

function namesOf(selections: readonly string[]): string[] {
  return selectModels(graph, selections).map(({ name }) => name)
}

function reading(name: string, tags: readonly string[], upstream: Relation<{ day: string }>) {
  return model(name)
    .select((db, ref) => db.selectFrom(ref(upstream, 'u')).select('u.day'))
    .promise({
      kind: 'view',
      about: name,
      tags,
      grain: ['day'],
      day: 'day',
      columns: { day: column('date', 'Day.') },
    })
}
