/** Where Grafana asks: fixed uids, the same wherever the dashboards are loaded. */
export interface Datasource {
  readonly type: string
  readonly uid: string
}

/** What the reporting role may read. */
export const POSTGRES: Datasource = { type: 'grafana-postgresql-datasource', uid: 'upi' }

/** What processes tell of themselves. */
export const PROMETHEUS: Datasource = { type: 'prometheus', uid: 'prometheus' }

/** Another panel of the same dashboard: its answer is used again, and the database asked once. */
export const PANEL: Datasource = { type: 'datasource', uid: '-- Dashboard --' }

/** A question of a panel. */
export type Query = SqlQuery | PromQuery | SharedQuery

export interface SqlQuery {
  readonly kind: 'sql'
  readonly from: Datasource
  readonly format: 'time_series' | 'table'
  readonly sql: string
}

export interface PromQuery {
  readonly kind: 'prom'
  readonly from: Datasource
  readonly expr: string
  readonly legend: string
}

export interface SharedQuery {
  readonly kind: 'shared'
  readonly from: Datasource
  /** The title of the panel that asks. */
  readonly panel: string
}

/** A statement whose first column is "time": a series a column, or with a text column "metric" a series a value. */
export function series(sql: string): SqlQuery {
  return { kind: 'sql', from: POSTGRES, format: 'time_series', sql: sql.trim() }
}

/** A statement whose rows are shown as they are. */
export function rows(sql: string): SqlQuery {
  return { kind: 'sql', from: POSTGRES, format: 'table', sql: sql.trim() }
}

/** An expression over time; the legend may name labels as {{label}}. */
export function prom(expr: string, legend: string): PromQuery {
  return { kind: 'prom', from: PROMETHEUS, expr, legend }
}

/** The answer that another panel of the dashboard has got. */
export function sharedFrom(panel: string): SharedQuery {
  return { kind: 'shared', from: PANEL, panel }
}
