import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeGraph } from '../engine/graph.ts'
import type { Standing } from '../engine/standing.ts'
import { MODELS } from '../index.ts'
import { highlightSql } from './highlight-sql.ts'
import { type History, makeSite } from './make-site.ts'
import { ASSETS, renderSite } from './render-site.ts'
import type { ModelEntry, RunEntry } from './site-data.ts'

const EVIL = `</script><img src=x onerror="alert('1')">&`
const AT = new Date('2026-02-03T04:05:06Z')
const graph = makeGraph(MODELS)
const aRun: RunEntry = {
  ...{ at: AT, day: '2026-02-01', state: 'built', reason: 'asked', error: null, seconds: 0.25 },
  ...{ inserted: 12_345, updated: 0, deleted: 1, unchanged: 2 },
}
const history: History = {
  held: new Map([
    [
      'daily_upi_summary',
      new Map([
        ['2026-02-01', { state: 'built', builtAt: AT }],
        ['2026-02-02', { state: 'failed', builtAt: new Date(AT.getTime() + 1) }],
        ['2026-02-03', { state: 'built', builtAt: AT }],
      ]),
    ],
  ]),
  days: new Map([['2026-02-01', { state: 'closed', isArchived: false, revision: 0 }]]),
  runs: new Map([
    ['daily_upi_summary', [aRun, { ...aRun, state: 'failed', error: EVIL, reason: EVIL }]],
  ]),
  rows: new Map([['daily_upi_summary', 3]]),
  cleanDays: 3,
}
const standing: Standing = {
  heldBy: ({ name }) => [...(history.held.get(name)?.keys() ?? [])],
  pendingOf: ({ name }) =>
    name === 'daily_upi_summary' ? ['2026-02-02', '2026-02-03', '2026-02-04'] : [],
  comparable: () => [],
}
const site = makeSite(graph, history, { at: AT, standing })
const pages = renderSite(site)

describe('The site of the models', () => {
  test('has a page for each model and each source, and a first one', () => {
    const names = [...graph.models, ...site.sources].map(({ name }) => `models/${name}.html`)
    expect([...pages.keys()].toSorted()).toEqual(['index.html', 'search.js', ...names].toSorted())
  })

  test('has links to pages and columns that are there, and nothing from elsewhere', () => {
    const there = new Set([...pages.keys(), ...ASSETS])
    for (const [path, text] of pages) {
      for (const [, target = ''] of text.matchAll(/(?:href|src)="([^"]*)"/g)) {
        expect(target).not.toMatch(/^[a-z]+:|^\//)
        expect(there, `${path} links to ${target}`).toContain(join(dirname(path), target))
      }
    }
    const entries: { href: string }[] = JSON.parse(
      pages.get('search.js')?.replace('window.SEARCH = ', '') ?? '',
    )
    expect(entries.length).toBeGreaterThan(graph.models.length)
    for (const { href } of entries) {
      const [path = '', column] = href.split('#')
      expect(pages.get(path)).toContain(column === undefined ? '<h1>' : `id="${column}"`)
    }
  })

  test('has the colour of each day: what failed before what waits, and that before the rest', () => {
    const daily = site.models.find(({ name }) => name === 'daily_upi_summary') as ModelEntry
    expect(daily.days.map(({ state }) => state)).toEqual(['closed', 'failed', 'dirty', 'dirty'])
    // What was refused was not built.
    expect(daily.builtAt).toEqual(AT)
    const text = pages.get('models/daily_upi_summary.html')
    expect(text).toContain('title="1 Feb 2026 · closed · built 3 Feb 2026, 09:35 IST"')
    expect(text).toContain('12\u202f345')
  })

  test('writes out what is no HTML, wherever it comes from', () => {
    const evil = {
      ...site,
      models: site.models.map((model) => ({
        ...model,
        about: EVIL,
        tags: [EVIL],
        checks: [{ name: EVIL, kind: 'rows' as const }],
        columns: model.columns.map((column) => ({ ...column, about: EVIL, checks: [EVIL] })),
        sql: [{ title: 'The query', about: '', text: `select '${EVIL}' -- ${EVIL}` }],
      })),
    }
    for (const [path, text] of renderSite(evil)) {
      expect(text, path).not.toMatch(/<img|onerror="|<\/script><(?!link|script|\/head)/)
    }
    expect(pages.get('models/daily_upi_summary.html')).toContain('&lt;/script&gt;&lt;img src=x')
  })
})

test('SQL keeps every letter when it is highlighted', () => {
  const sql = `select count(*) filter (where "a" = 'it''s' and b >= $1) as n -- why\nfrom t1`
  const plain = highlightSql(sql)
    .text.replaceAll(/<\/?i[^>]*>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&gt;', '>')
  expect(plain).toBe(sql)
  expect(highlightSql(sql).text).toContain('<i class="k">select</i> <i class="f">count</i>(*)')
})
