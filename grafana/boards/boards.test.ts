import { describe, expect, test } from 'vitest'
import { MODELS } from '../../models/index.ts'
import {
  type Panel,
  panelsOf,
  readDashboards,
  relationsGranted,
  relationsRead,
  statementsOf,
} from '../../test/dashboard-file.ts'
import { exposedNames, metricsIn } from '../../test/metric-names.ts'
import { filesOf } from '../../test/repository.ts'
import { band, dashboardJson, under, wide } from '../builder/dashboard.ts'
import { stat } from '../builder/kinds.ts'
import { panel as panelOf } from '../builder/panel.ts'
import { PANEL, POSTGRES, PROMETHEUS, rows, sharedFrom } from '../builder/query.ts'
import { UNITS } from '../builder/unit.ts'
import { dashboardFiles } from '../write-dashboards.ts'

const FILES = readDashboards()
const PANELS = FILES.flatMap(({ dashboard }) =>
  panelsOf(dashboard).map((panel) => [`${dashboard.uid}: ${panel.title}`, panel] as const),
)

describe('the files', () => {
  test('are what the boards say, and none besides; npm run dashboards writes them', () => {
    const written = filesOf('grafana/dashboards/*').map(({ path, text }) => [path, text])
    expect(Object.fromEntries(written)).toEqual(dashboardFiles())
  })

  test.each(FILES)(
    '$path is in Indian time and refreshed no oftener than it may',
    ({ dashboard }) => {
      expect(dashboard.timezone).toBe('Asia/Kolkata')
      expect(dashboard.refresh).toMatch(dashboard.uid === 'upi-live' ? /^5s$/ : /^(30s|5m)$/)
    },
  )

  test.each(FILES)('$path has no panel on another, no hole, and none too small to read', (file) => {
    const taken = new Set<string>()
    const { panels } = file.dashboard
    for (const { title, type, gridPos } of panels) {
      const { x, y, w, h } = gridPos
      if (type !== 'row') expect([w >= 3, h >= 4], title).toEqual([true, true])
      for (const cell of cellsOf(x, w).flatMap((column) =>
        cellsOf(y, h).map((row) => `${column} ${row}`),
      )) {
        expect(taken.has(cell), `${title} at ${cell}`).toBe(false)
        taken.add(cell)
      }
    }
    const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h))
    expect(taken.size).toBe(24 * height)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })
})

describe('a panel', () => {
  test.each(PANELS)('%s says what it shows, in what unit, and what no data means', (_, panel) => {
    expect(panel.description).toMatch(/^[A-Z0-9].*[^.]\.$/)
    expect(Object.values(UNITS)).toContain(panel.fieldConfig.defaults.unit)
    expect(panel.fieldConfig.defaults.noValue).not.toBe('')
  })

  const tables = PANELS.filter(([, { type }]) => type === 'table')

  test.each(tables)('%s does not say of a cell what it says of all', (_, panel) => {
    const [cells] = panel.fieldConfig.overrides
    expect(cells?.matcher).toEqual({ id: 'byRegexp', options: '/.*/' })
    expect(cells?.properties).toEqual([{ id: 'noValue', value: '–' }])
  })

  test.each(PANELS)('%s asks one of the sources that are provisioned, or none', (_, panel) => {
    const sources = panel.type === 'alertlist' ? [undefined] : [POSTGRES, PROMETHEUS, PANEL]
    expect(sources).toContainEqual(panel.datasource)
  })

  const asking = PANELS.filter(([, { targets }]) => targets.some(({ expr }) => expr !== undefined))

  test.each(asking)('%s names metrics that a process exposes', (_, { targets }) => {
    // What Prometheus itself says of whether it could scrape one.
    const known = new Set([...exposedNames(), 'up'])
    for (const { expr = '' } of targets) {
      expect(metricsIn(expr)).not.toEqual([])
      expect(metricsIn(expr).filter((name) => !known.has(name))).toEqual([])
    }
  })
})

test('panels about Temporal ask our worker: the server counts for itself under the same names', () => {
  const exprs = PANELS.flatMap(([, { targets }]) => targets.map(({ expr = '' }) => expr))
  const selectors = exprs.flatMap((expr) => expr.match(/temporal_\w+(\{[^}]*\})?/g) ?? [])
  expect(selectors.length).toBeGreaterThan(4)
  expect(selectors.filter((each) => !each.includes('{job="worker"'))).toEqual([])
})

// A build lets the role read every mart; migrations, the rest.
const READABLE = [...relationsGranted('upi_report'), ...MODELS.map(({ name }) => `public.${name}`)]

describe('a statement', () => {
  const statements = FILES.flatMap(({ dashboard }) =>
    statementsOf(dashboard).map(
      ({ title, sql }) => [`${dashboard.uid}: ${title}`, sql, dashboard] as const,
    ),
  )

  test.each(statements)('%s reads what the reporting role may', (_, sql) => {
    expect(relationsRead(sql)).not.toEqual([])
    expect(READABLE).toEqual(expect.arrayContaining(relationsRead(sql)))
  })

  test.each(statements)(
    '%s uses the macros that the tests expand and variables that are there',
    (_, sql, dashboard) => {
      const calls = [...sql.matchAll(/\$(__\w+)(\([^)]*\))?/g)]
      const known =
        /^\$__(timeFilter\(\w+\)|timeGroupAlias\(\w+, \$__interval\)|timeFrom\(\)|timeTo\(\)|interval)$/
      expect(calls.map(([call]) => call).filter((call) => !known.test(call))).toEqual([])
      const names = dashboard.templating.list.map(({ name }) => name)
      const used = [...sql.matchAll(/\$(?!__)(\w+)/g)].map(([, name = '']) => name)
      expect(names).toEqual(expect.arrayContaining(used))
    },
  )
})

describe('a link', () => {
  const links = PANELS.flatMap(([name, panel]) => linksOf(panel).map((url) => [name, url] as const))

  test.each(links)('of %s leads to a dashboard and a choice that are there', (_, url) => {
    const [, uid, query = ''] = /^\/d\/([\w-]+)\?(.*)$/.exec(url) ?? []
    const target = FILES.find(({ dashboard }) => dashboard.uid === uid)?.dashboard
    const names = target?.templating.list.map(({ name }) => `var-${name}`)
    const set = query.split('&').map((part) => part.split('=')[0])
    expect(names).toEqual(expect.arrayContaining(set.filter((name) => name?.startsWith('var-'))))
  })

  test('leads from handles, banks and merchants to their own', () => {
    const wanted = [
      /upi-banks\?.*var-handle/,
      /upi-banks\?.*var-bank/,
      /upi-live\?var-handle/,
      /upi-merchants\?var-merchant/,
    ]
    for (const pattern of wanted) expect(links.some(([, url]) => pattern.test(url))).toBe(true)
  })
})

describe('the builder refuses', () => {
  const words = { title: 'A', about: 'What is shown.', unit: 'count', empty: 'None' } as const
  const queries = [rows('select 1')] as const

  test.each([
    ['a panel without a title', { title: '' }],
    ['a panel without a sentence', { about: '' }],
    ['a panel with half a sentence', { about: 'what is shown' }],
    ['a panel with a paragraph', { about: 'What is shown. And more.' }],
    ['a panel without a unit', { unit: '' as 'count' }],
    ['a panel without a text for no data', { empty: ' ' }],
  ])('%s', (_, missing) => {
    expect(() => stat({ ...words, ...missing, queries })).toThrow(/^panel/)
  })

  test('a band that is not as wide as the page, panels of one title, and an answer of nobody', () => {
    const panel = stat({ ...words, queries })
    expect(() => band(4, wide(12, panel))).toThrow('24 wide, not A 12')
    expect(() => band(4, panel, panel, panel, panel, panel)).toThrow('24 wide')
    const board = { uid: 'x', title: 'X', question: 'Why?', from: 'now-1h', refresh: '5m' } as const
    const json = (...bands: ReturnType<typeof band>[]) => dashboardJson({ ...board, bands })
    expect(() => json(band(4, panel, panel))).toThrow('one title')
    const lost = stat({ ...words, queries: [sharedFrom('B')] })
    expect(() => json(under('Heading', band(4, lost)))).toThrow('no panel B')
  })

  test('when it is compiled: what is no option of Grafana, and what is no word of one', () => {
    const given = { ...words, queries }
    // @ts-expect-error it is colorMode
    panelOf('stat', given, { options: { colourMode: 'value' } })
    // @ts-expect-error it is 'area'
    panelOf('stat', given, { options: { graphMode: 'areas' } })
    // @ts-expect-error a stat has no settings of its fields
    panelOf('stat', given, { options: {}, custom: { lineWidth: 1 } })
  })
})

function cellsOf(from: number, length: number): number[] {
  return Array.from({ length }, (_, index) => from + index)
}

function linksOf({ fieldConfig }: Panel): string[] {
  const links = fieldConfig.overrides.flatMap(({ properties }) =>
    properties.filter(({ id }) => id === 'links').map(({ value }) => value),
  )
  return (links as { url: string }[][]).flat().map(({ url }) => url)
}
