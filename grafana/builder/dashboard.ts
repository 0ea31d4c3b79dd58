import type { Panel } from './panel.ts'
import { POSTGRES, type Query } from './query.ts'
import type { Page } from './schema.ts'
import type { Variable } from './variable.ts'

/** A panel with its width, of the 24 that a page has. */
export interface Wide {
  readonly width: number
  readonly panel: Panel
}

/** Panels side by side over the whole width of the page. */
export interface Band {
  /** A heading above the band. */
  readonly title?: string
  readonly height: number
  readonly panels: readonly Wide[]
}

/** A dashboard: one question, answered from top to bottom. */
export interface Board {
  /** Part of its address, for ever. */
  readonly uid: string
  readonly title: string
  readonly question: string
  /** What it shows when it is opened, from then until now. */
  readonly from: string
  readonly refresh: '5s' | '30s' | '5m'
  readonly variables?: readonly Variable[]
  /** Instants that are marked in every graph: columns time, text, tags. */
  readonly marks?: { readonly name: string; readonly color: string; readonly sql: string }
  readonly bands: readonly Band[]
}

/** Gives a panel a width of its own. */
export function wide(width: number, panel: Panel): Wide {
  return { width, panel }
}

/** Panels side by side; those without a width of their own share what the others leave. */
export function band(height: number, ...given: readonly (Panel | Wide)[]): Band {
  const isWide = (each: Panel | Wide): each is Wide => 'panel' in each
  const taken = given.filter(isWide).reduce((sum, { width }) => sum + width, 0)
  const width = (PAGE_WIDTH - taken) / given.filter((each) => !isWide(each)).length
  const panels = given.map((each) => (isWide(each) ? each : wide(width, each)))
  const total = panels.reduce((sum, each) => sum + each.width, 0)
  if (total !== PAGE_WIDTH || !panels.every((each) => Number.isInteger(each.width))) {
    const widths = panels.map((each) => `${each.panel.title} ${each.width}`)
    throw new Error(`a band is ${PAGE_WIDTH} wide, not ${widths.join(' + ')}`)
  }
  return { height, panels }
}

/** A band under a heading. */
export function under(title: string, band: Band): Band {
  return { ...band, title }
}

const PAGE_WIDTH = 24

/** Grafana's own JSON of a dashboard: schema v1, which 11 and newer read. The same board gives the same bytes. */
export function dashboardJson(board: Board): object {
  const { uid, title, question, from, refresh, variables = [], marks } = board
  const page: Page = {
    uid,
    title,
    description: question,
    tags: ['upi'],
    timezone: 'Asia/Kolkata',
    weekStart: 'monday',
    editable: false,
    graphTooltip: 1,
    refresh,
    schemaVersion: 39,
    time: { from, to: 'now' },
    timepicker: { refresh_intervals: ['5s', '10s', '30s', '1m', '5m', '15m'] },
    links: [TO_ALL_BOARDS],
  }
  return {
    ...page,
    annotations: { list: marks === undefined ? [] : [markJson(marks)] },
    templating: { list: variables.map(({ json }) => json) },
    panels: place(board),
  }
}

const TO_ALL_BOARDS: NonNullable<Page['links']>[number] = {
  type: 'dashboards',
  title: 'UPI',
  tags: ['upi'],
  asDropdown: false,
  icon: 'external link',
  includeVars: false,
  keepTime: false,
  targetBlank: false,
  tooltip: '',
  url: '',
}

function markJson({ name, color, sql }: NonNullable<Board['marks']>): object {
  const target = { refId: 'Anno', datasource: POSTGRES, editorMode: 'code', format: 'table' }
  return {
    name,
    datasource: POSTGRES,
    enable: true,
    hide: false,
    iconColor: color,
    target: { ...target, rawQuery: true, rawSql: sql.trim() },
  }
}

// Bands lie one below the other, so that panels can neither overlap nor leave a hole.
function place({ bands }: Board): object[] {
  const ids = numbersOf(bands)
  const placed: object[] = []
  let y = 0
  for (const { title, height, panels } of bands) {
    if (title !== undefined) {
      placed.push(headingJson(title, y, HEADINGS_FROM + placed.length))
      y += 1
    }
    let x = 0
    for (const { width, panel } of panels) {
      placed.push(panelJson(panel, { x, y, w: width, h: height }, ids))
      x += width
    }
    y += height
  }
  return placed
}

// Panels keep their numbers when a heading comes between.
const HEADINGS_FROM = 1000

function numbersOf(bands: readonly Band[]): ReadonlyMap<string, number> {
  const titles = bands.flatMap(({ panels }) => panels.map(({ panel }) => panel.title))
  const ids = new Map(titles.map((title, index) => [title, index + 1]))
  if (ids.size < titles.length) throw new Error(`two panels of one title: ${titles.join(', ')}`)
  return ids
}

function headingJson(title: string, y: number, id: number): object {
  const gridPos = { x: 0, y, w: PAGE_WIDTH, h: 1 }
  return { id, type: 'row', title, collapsed: false, gridPos, panels: [] }
}

function panelJson(panel: Panel, gridPos: object, ids: ReadonlyMap<string, number>): object {
  const { title, about, queries, only, json } = panel
  const { type, ...rest } = json
  const datasource = queries[0]?.from
  return {
    id: ids.get(title),
    type,
    title,
    description: about,
    ...(datasource === undefined ? {} : { datasource }),
    gridPos,
    targets: queries.map((query, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: query.from,
      ...questionJson(query, ids),
    })),
    ...(only === undefined ? {} : { transformations: [showOnly(only)] }),
    ...rest,
  }
}

function questionJson(query: Query, ids: ReadonlyMap<string, number>): object {
  switch (query.kind) {
    case 'sql':
      return { editorMode: 'code', format: query.format, rawQuery: true, rawSql: query.sql }
    case 'prom':
      return { editorMode: 'code', expr: query.expr, legendFormat: query.legend, range: true }
    case 'shared': {
      const panelId = ids.get(query.panel)
      if (panelId === undefined) throw new Error(`no panel ${query.panel} to share`)
      return { panelId, withTransforms: false }
    }
  }
}

function showOnly(names: readonly string[]): object {
  return { id: 'filterFieldsByName', options: { include: { names: ['time', 'Time', ...names] } } }
}
