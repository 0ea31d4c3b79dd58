import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderAnyBad, renderTotals, rowChecks, totalsChecks } from './engine/audit.ts'
import type { Model, Scope } from './engine/define-model.ts'
import { makeGraph } from './engine/graph.ts'
import { builtOf, renderAggregate, renderApply } from './engine/render-build.ts'
import { renderTable, renderViews } from './engine/render-relations.ts'
import type { Statement } from './engine/statement.ts'
import { MODELS } from './index.ts'

const GOLDEN = join(import.meta.dirname, '../test/golden')
const graph = makeGraph(MODELS)
const ALL = new Set(graph.models.map(({ name }) => name))

describe('The SQL of a model is the reviewed one; after a change: npx vitest run models/golden -u', () => {
  test.each(graph.models.map((model) => [model.name, model] as const))(
    '%s',
    async (name, model) => {
      await expect(textOf(model)).toMatchFileSnapshot(join(GOLDEN, `${name}.sql`))
    },
  )

  test('no golden file has outlived its model', () => {
    const expected = graph.models.map(({ name }) => `${name}.sql`).toSorted()
    expect(readdirSync(GOLDEN).toSorted()).toEqual(expected)
  })
})

/** What makes a model, and what builds it: of a day, or of the keys that are stale. */
function textOf(model: Model): string {
  const stamped = { model, fingerprint: graph.fingerprintOf(model) }
  if (model.kind === 'view') return renderViews([stamped]).map(printed).join('\n')
  const followers = graph.followersOf(model)
  const scope: Scope =
    model.kind === 'by day' ? { day: '2026-02-01' } : { keysIn: `keys_${model.name}` }
  const change = {
    model,
    shape: graph.shapeOf(model),
    isMissing: true,
    addColumns: [],
    loosenColumns: [],
    followers: followers.map(({ model: follower }) => follower),
  }
  const table = renderTable(change, ['upi_api', 'upi_report'])
  const statements = [
    ...table.filter(({ text }) => !text.startsWith('comment on column')),
    renderAggregate(model, scope),
    renderAnyBad(rowChecks(model, scope), builtOf(model)),
    renderApply(model, scope, { followers }),
    ...totalsChecks(model, ALL).map((check) => renderTotals(model, check, scope)),
  ]
  return statements.map(printed).join('\n')
}

function printed({ text, parameters }: Statement): string {
  const values = parameters.map((value, i) => `-- $${i + 1} = ${value}\n`)
  return `${values.join('')}${text};\n`
}
