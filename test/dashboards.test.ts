import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type Dashboard,
  type Panel,
  panelsOf,
  readDashboards,
  statementsOf,
  type Target,
} from './dashboard-file.ts'
import { seedDashboards } from './dashboard-rows.ts'
import { shownBy } from './grafana-macros.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
let report: pg.Pool

const DASHBOARDS = readDashboards().map(({ dashboard }) => dashboard)
const ASKING = DASHBOARDS.flatMap((dashboard) =>
  panelsOf(dashboard).flatMap((panel) =>
    panel.targets.flatMap((target) =>
      target.rawSql === undefined
        ? []
        : [[`${dashboard.uid}: ${panel.title}`, dashboard, panel, target] as const],
    ),
  ),
)
const STATEMENTS = DASHBOARDS.flatMap((dashboard) =>
  statementsOf(dashboard).map(
    ({ title, sql }) => [`${dashboard.uid}: ${title}`, dashboard, sql] as const,
  ),
)
const TEXT = 25
const TIMES = [1184, 1700]
const NUMBERS = [20, 21, 23, 700, 701, 1700]
// What is smaller is read as quickly without an index, and Postgres knows.
const ROWS_READ_WHOLE_MAX = 4_000

beforeAll(async () => {
  report = own.pool('upi_report')
  for (const [name, dashboard, sql] of STATEMENTS) {
    const { rows } = await report.query(shownBy(dashboard, sql))
    expect(rows.length, `${name} before there is anything`).toBeLessThanOrEqual(400)
  }
  await seedDashboards(own.pool())
})

describe('through the reporting role', () => {
  test.each(ASKING)('%s gets what its panel can show', async (_, dashboard, panel, target) => {
    const { rows, fields } = await report.query(shownBy(dashboard, target.rawSql ?? '', panel))
    expect(rows.length).toBeGreaterThan(0)
    expect(faultsOf(panel, target, fields)).toEqual([])
    const numbers = fields.filter(({ dataTypeID }) => NUMBERS.includes(dataTypeID))
    for (const { name } of numbers)
      expect(
        rows.some((row) => row[name] !== null),
        name,
      ).toBe(true)
    if (panel.type === 'stat') expect(rows).toHaveLength(1)
    if (panel.type === 'heatmap') expect(stepsOf(rows)).toHaveLength(1)
  })

  test.each(DASHBOARDS.map((dashboard) => [dashboard.uid, dashboard] as const))(
    '%s knows the columns that it colours, shares and shows',
    async (_, dashboard) => {
      const columns = new Map<number, string[]>()
      for (const panel of panelsOf(dashboard)) {
        const [{ rawSql } = {}] = panel.targets
        if (rawSql === undefined) continue
        const { fields, rows } = await report.query(shownBy(dashboard, rawSql, panel))
        const metrics = rows.map(({ metric }) => metric).filter((metric) => metric !== undefined)
        columns.set(panel.id, [...fields.map(({ name }) => name), ...new Set(metrics)])
      }
      for (const panel of panelsOf(dashboard)) {
        const known = columns.get(panel.targets[0]?.panelId ?? panel.id)
        if (known !== undefined)
          expect(known, panel.title).toEqual(expect.arrayContaining(namesIn(panel)))
      }
    },
  )

  test.each(choices())('the choice %s finds texts', async (_, dashboard, sql) => {
    const { rows, fields } = await report.query(shownBy(dashboard, sql))
    expect(fields.map(({ dataTypeID }) => dataTypeID)).toEqual([TEXT])
    expect(rows.length).toBeGreaterThan(2)
    expect(new Set(rows.map((row) => Object.values(row)[0])).size).toBe(rows.length)
  })

  test('marks have an instant, a text and tags', async () => {
    const live = DASHBOARDS.find(({ uid }) => uid === 'upi-live') as Dashboard
    const { rows } = await report.query(
      shownBy(live, live.annotations.list[0]?.target.rawSql ?? ''),
    )
    expect(rows[0]).toEqual({ time: expect.any(Date), text: expect.any(String), tags: 'critical' })
  })

  test('a chosen handle, bank or merchant narrows what is shown to itself', async () => {
    const shares = async (uid: string, title: string, chosen: Record<string, string>) => {
      const [, dashboard, panel, target] =
        ASKING.find(([name]) => name === `${uid}: ${title}`) ?? []
      const sql = shownBy(dashboard as Dashboard, target?.rawSql ?? '', panel, chosen)
      return (await report.query(sql)).rows.map((row) => Object.values(row)[0])
    }
    const handle = { handle: `'ybl','nobody'` }
    expect(await shares('upi-live', "Payers' handles", handle)).toEqual(['ybl'])
    expect(await shares('upi-banks', 'Handles', handle)).toEqual(['ybl'])
    expect(await shares('upi-banks', 'Banks', { bank: `'unknown'` })).toEqual(['unknown'])
    expect(await shares('upi-merchants', 'Since the beginning', { merchant: 'nobody' })).toEqual([])
  })
})

describe('at scale', () => {
  test.each(STATEMENTS)(
    '%s reads aggregates, by index where they are large',
    async (_, dashboard, sql) => {
      const { rows } = await report.query(`explain (format json) ${shownBy(dashboard, sql)}`)
      const scans = scansIn(rows[0]['QUERY PLAN'][0].Plan)
      const { rows: sizes } = await own
        .pool()
        .query(
          `select relname as name, reltuples as rows from pg_class where relkind in ('r', 'p')`,
        )
      const rowsOf = new Map(sizes.map((size) => [size.name, size.rows]))
      const whole = scans.filter(({ type }) => type === 'Seq Scan')
      for (const { relation } of whole) {
        expect(rowsOf.get(relation), relation).toBeLessThan(ROWS_READ_WHOLE_MAX)
      }
      expect(scans.filter(({ relation }) => /^(clean|raw)_upi/.test(relation))).toEqual([])
    },
  )
})

test('a share of answers is found inside its bucket', async () => {
  const { rows } = await report.query(`
    select ops.latency_quantile(0.5, '{0,0,0,100,0,0,0,0,0,0,0}') as half_of_second,
      ops.latency_quantile(0.95, '{0,0,90,0,0,10,0,0,0,0,0}') as between,
      ops.latency_quantile(0.99, '{1,0,0,0,0,0,0,0,0,0,1}') as beyond,
      ops.latency_quantile(0.5, '{0,0,0,0,0,0,0,0,0,0,0}') as nothing`)
  expect(rows).toEqual([{ half_of_second: 1.5, between: 4, beyond: 30, nothing: null }])
})

test('rupees are grouped as in India, to the paisa, and sort as their amounts do', async () => {
  const { rows } = await report.query(`
    select ops.rupees(amount) as text
    from unnest(array[0, 7.5, 999, 1000, 12345678.9, 87721000000000.01]::numeric[]) as amount`)
  const texts = rows.map(({ text }) => text as string)
  const shown = ['0.00', '7.50', '999.00', '1,000.00', '1,23,45,678.90', '8,77,21,00,00,00,000.01']
  expect(texts.map((text) => text.trim())).toEqual(shown)
  const padded = texts.slice(0, -1)
  // As tables of Grafana sort: by their browser, and since 12 with numbers as such.
  for (const numeric of [false, true]) {
    const { compare } = new Intl.Collator('en', { sensitivity: 'base', numeric })
    expect(padded.toReversed().toSorted(compare)).toEqual(padded)
  }
})

/** What a panel of its type cannot show. */
function faultsOf(panel: Panel, { format }: Target, fields: readonly pg.FieldDef[]): string[] {
  const isNumber = ({ dataTypeID }: pg.FieldDef) => NUMBERS.includes(dataTypeID)
  const [first, ...rest] = fields
  if (format === 'time_series') {
    const series = rest.filter(({ name }) => name !== 'metric')
    return [
      ...(first?.name === 'time' && TIMES.includes(first.dataTypeID) ? [] : ['no time']),
      ...(series.length > 0 && series.every(isNumber) ? [] : ['series that are no numbers']),
      ...(rest.some(({ name, dataTypeID }) => name === 'metric' && dataTypeID !== TEXT)
        ? ['a metric that is no text']
        : []),
    ]
  }
  if (panel.type === 'stat') return fields.every(isNumber) ? [] : ['a figure that is no number']
  if (panel.type === 'barchart') {
    const name = fields.find((field) => field.name === panel.options.xField)
    return name?.dataTypeID === TEXT && fields.some(isNumber) ? [] : ['bars without name or length']
  }
  return panel.type === 'table' && fields.length > 2
    ? []
    : [`${panel.type} of ${fields.length} columns`]
}

// Grafana takes the width of all cells of a heat map from the first two.
function stepsOf(rows: readonly { time: Date | string }[]): number[] {
  const times = rows.map(({ time }) =>
    time instanceof Date ? time.getTime() / 1000 : Number(time),
  )
  return [...new Set(times.slice(1).map((time, index) => time - (times[index] ?? 0)))]
}

/** The columns that a panel names: to colour, to pick out of a shared answer, to show alone. */
function namesIn({ fieldConfig, transformations = [], options }: Panel): string[] {
  const only = transformations.flatMap((each) => each.options.include.names)
  const field = /^\/\^(.*)\$\/$/.exec(options.reduceOptions?.fields ?? '')?.[1]
  return [
    ...fieldConfig.overrides.flatMap(({ matcher: { id, options: name } }) =>
      id === 'byName' ? [name] : [],
    ),
    ...only.filter((name) => name !== 'Time'),
    ...(field === undefined ? [] : [field]),
  ]
}

function choices() {
  return DASHBOARDS.flatMap((dashboard) =>
    dashboard.templating.list
      .filter(({ type }) => type === 'query')
      .map(({ name, query }) => [`${dashboard.uid}: ${name}`, dashboard, query] as const),
  )
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly PlanNode[]
}

function scansIn(node: PlanNode): { type: string; relation: string }[] {
  const relation = node['Relation Name']
  const inner = (node.Plans ?? []).flatMap(scansIn)
  return relation === undefined ? inner : [{ type: node['Node Type'], relation }, ...inner]
}
