import { filesOf, readText } from './repository.ts'

/** A dashboard of Grafana: what its test looks at. */
export interface Dashboard {
  readonly timezone: string
  readonly panels: readonly Panel[]
}

export interface Panel {
  readonly title: string
  readonly description: string
  readonly datasource: { readonly type: string; readonly uid: string }
  readonly fieldConfig: { readonly defaults: object }
  readonly targets: readonly { readonly rawSql: string }[]
}

/** The dashboards of grafana/dashboards. */
export function readDashboards(): { path: string; dashboard: Dashboard }[] {
  return filesOf('grafana/dashboards/*.json').map(({ path, text }) => ({
    path,
    dashboard: JSON.parse(text),
  }))
}

/** The relations that a query reads, with their schema. */
export function relationsRead(sql: string): string[] {
  const found = sql.matchAll(/\b(?:from|join)\s+([a-z_]+(?:\.[a-z_]+)?)\b(?!\()/g)
  return [...found].map(([, name = '']) => (name.includes('.') ? name : `public.${name}`))
}

/** The relations that a role may read, by the dump of the schema. */
export function relationsGranted(role: string): string[] {
  const grants = readText('migrations/schema.sql').matchAll(/^grant select on (\S+) to (\w+);$/gm)
  return [...grants].flatMap(([, name = '', grantee]) => (grantee === role ? [name] : []))
}

/** Grafana's macros in a query that are not among those we expand in tests. */
export function foreignMacros(sql: string): string[] {
  const known = /^(timeFilter|timeGroupAlias|timeFrom|timeTo|interval)$/
  return [...sql.matchAll(/\$__(\w+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !known.test(name))
}
