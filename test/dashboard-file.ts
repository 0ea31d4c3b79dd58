import { filesOf, readText } from './repository.ts'

/** A dashboard of Grafana: what its tests look at. */
export interface Dashboard {
  readonly uid: string
  readonly timezone: string
  readonly refresh: string
  readonly time: { readonly from: string }
  readonly templating: { readonly list: readonly Variable[] }
  readonly annotations: {
    readonly list: readonly { readonly target: { readonly rawSql: string } }[]
  }
  readonly panels: readonly Panel[]
}

export interface Variable {
  readonly name: string
  readonly type: 'custom' | 'query'
  readonly query: string
  readonly multi: boolean
  readonly allValue?: string
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description: string
  readonly gridPos: Place
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly fieldConfig: {
    readonly defaults: { readonly unit: string; readonly noValue: string }
    readonly overrides: readonly Override[]
  }
  readonly options: {
    readonly xField?: string
    readonly reduceOptions?: { readonly fields: string }
  }
  readonly targets: readonly Target[]
  readonly transformations?: readonly {
    readonly options: { readonly include: { readonly names: readonly string[] } }
  }[]
  readonly timeFrom?: string
  readonly interval?: string
}

export interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** Of a panel: a question in SQL, in PromQL, or the answer of another panel. */
export interface Target {
  readonly rawSql?: string
  readonly format?: 'time_series' | 'table'
  readonly expr?: string
  readonly panelId?: number
}

/** Whether a target asks for itself, and does not use what another panel was told. */
export function isQuestion({ rawSql, expr }: Target): boolean {
  return rawSql !== undefined || expr !== undefined
}

interface Override {
  readonly matcher: { readonly id: string; readonly options: string }
  readonly properties: readonly { readonly id: string; readonly value: unknown }[]
}

/** The dashboards of grafana/dashboards. */
export function readDashboards(): { path: string; dashboard: Dashboard }[] {
  return filesOf('grafana/dashboards/*.json').map(({ path, text }) => ({
    path,
    dashboard: JSON.parse(text),
  }))
}

/** The panels of a dashboard without the headings between them. */
export function panelsOf({ panels }: Dashboard): Panel[] {
  return panels.filter(({ type }) => type !== 'row')
}

/** All that a dashboard asks Postgres: its panels, its choices and its marks. */
export function statementsOf(
  dashboard: Dashboard,
): { title: string; sql: string; panel?: Panel }[] {
  const { templating, annotations } = dashboard
  return [
    ...panelsOf(dashboard).flatMap((panel) =>
      panel.targets.flatMap(({ rawSql }) =>
        rawSql === undefined ? [] : [{ title: panel.title, sql: rawSql, panel }],
      ),
    ),
    ...templating.list
      .filter(({ type }) => type === 'query')
      .map(({ name, query }) => ({ title: `choice of ${name}`, sql: query })),
    ...annotations.list.map(({ target }) => ({ title: 'marks', sql: target.rawSql })),
  ]
}

/** The relations that a query reads, with their schema; names that it makes itself are not among them. */
export function relationsRead(sql: string): string[] {
  const own = new Set([...sql.matchAll(/(?:\bwith|,)\s+(\w+) as \(/g)].map(([, name]) => name))
  const found = [...sql.matchAll(/\b(?:from|join)\s+([a-z_]+(?:\.[a-z_]+)?)\b(?!\s*\()/g)]
  return found
    .map(([, name = '']) => name)
    .filter((name) => !own.has(name) && !INSTANTS.test(name))
    .map((name) => (name.includes('.') ? name : `public.${name}`))
}

// As in extract(epoch from now()).
const INSTANTS = /^(now|interval|window_start)$/

/** The relations that a role may read, by the dump of the schema. */
export function relationsGranted(role: string): string[] {
  const grants = readText('migrations/schema.sql').matchAll(/^grant select on (\S+) to (\w+);$/gm)
  return [...grants].flatMap(([, name = '', grantee]) => (grantee === role ? [name] : []))
}
