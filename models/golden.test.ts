import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Model } from './engine/define-model.ts'
import { makeGraph } from './engine/graph.ts'
import { renderDay, renderViews, type Statement } from './engine/render.ts'
import { MODELS } from './index.ts'

const GOLDEN = join(import.meta.dirname, '../test/golden')
const graph = makeGraph(MODELS)

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

function textOf(model: Model): string {
  const statements =
    model.kind === 'view'
      ? renderViews({
          kind: 'views',
          models: [{ model, fingerprint: graph.fingerprintOf(model) }],
        })
      : renderDay(model, '2026-02-01')
  return statements.map(printed).join('\n')
}

function printed({ text, parameters }: Statement): string {
  const values = parameters.map((value, i) => `-- $${i + 1} = ${value}\n`)
  return `${values.join('')}${text};\n`
}
