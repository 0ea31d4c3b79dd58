/** What somebody must hear of. It is written out twice: for Prometheus and for Grafana. */
export interface Alert {
  readonly name: `${Capitalize<string>}`
  /** PromQL that gives a series for each thing that is at fault, and none while all is well. */
  readonly expr: string
  /** How long that must hold; none: at once. */
  readonly for?: `${number}m`
  /** critical: look now, also at night. warning: look today. */
  readonly severity: 'critical' | 'warning'
  /** One sentence: what is wrong, for whoever is woken by it. Labels of the series may stand in it, data never. */
  readonly summary: string
}

export interface AlertGroup {
  readonly name: string
  readonly alerts: readonly Alert[]
}

/** The page that says what to do about an alert: by its name, in docs/runbooks. */
export function runbookOf({ name }: Pick<Alert, 'name'>): string {
  return `docs/runbooks/${kebab(name)}.md`
}

/** StreamLag as stream-lag. */
export function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()
}
