import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { CHECKOUT } from '../../platform/config.ts'
import { type Alert, kebab, runbookOf } from './alert.ts'
import { ALERT_GROUPS } from './index.ts'
import { RECORDINGS } from './recordings.ts'

/** The files that `npm run alerts` writes, by path. */
export function alertFiles(): Record<string, string> {
  return {
    'grafana/prometheus/rules.yml': textOf(prometheusRules()),
    'grafana/provisioning/alerting/rules.yaml': textOf(grafanaRules()),
  }
}

function textOf(content: object): string {
  return `# Made by \`npm run alerts\` from grafana/alerts/.\n${stringify(content, { lineWidth: 0 })}`
}

// For whoever has an Alertmanager, and for those who look at Prometheus alone.
function prometheusRules() {
  const recordings = Object.entries(RECORDINGS).map(([record, expr]) => ({ record, expr }))
  const groups = ALERT_GROUPS.map(({ name, alerts }) => ({
    name,
    rules: alerts.map((alert) => ({
      alert: alert.name,
      expr: alert.expr,
      ...(alert.for === undefined ? {} : { for: alert.for }),
      labels: { severity: alert.severity },
      annotations: annotationsOf(alert),
    })),
  }))
  return { groups: [{ name: 'recordings', rules: recordings }, ...groups] }
}

function annotationsOf(alert: Alert) {
  return { summary: alert.summary, runbook: runbookOf(alert) }
}

const EVALUATED_EVERY = '30s'
// What the longest range of an expression needs is asked for by the expression itself.
const SECONDS_SHOWN = 600

/** The same as Grafana's own rules: it tells its contact points without an Alertmanager. */
function grafanaRules() {
  const groups = ALERT_GROUPS.map(({ name, alerts }) => ({
    orgId: 1,
    name,
    folder: 'UPI',
    interval: EVALUATED_EVERY,
    rules: alerts.map(grafanaRule),
  }))
  return { apiVersion: 1, groups }
}

function grafanaRule(alert: Alert) {
  return {
    uid: `upi-${kebab(alert.name)}`,
    title: alert.name,
    condition: 'threshold',
    data: [
      part('query', 'prometheus', { expr: alert.expr, instant: true, range: false }),
      // Whatever the expression gives is at fault, also a series whose value is 0.
      part('given', '__expr__', {
        type: 'math',
        expression: 'is_number($query) || is_nan($query) || is_inf($query)',
      }),
      part('threshold', '__expr__', {
        type: 'threshold',
        expression: 'given',
        conditions: [{ evaluator: { type: 'gt', params: [0] } }],
      }),
    ],
    // No series means that all is well; that Prometheus is away is an error.
    noDataState: 'OK',
    execErrState: 'Error',
    for: alert.for ?? '0s',
    labels: { severity: alert.severity },
    annotations: grafanaAnnotations(alert),
    isPaused: false,
  }
}

// While it reads its files Grafana takes $labels for a variable of its environment, in most versions; its templates know
// the same by another name.
function grafanaAnnotations(alert: Alert) {
  const { summary, runbook } = annotationsOf(alert)
  return { summary: summary.replaceAll('$labels.', '.Labels.'), runbook }
}

function part(refId: string, datasourceUid: string, model: object) {
  return {
    refId,
    relativeTimeRange: { from: SECONDS_SHOWN, to: 0 },
    datasourceUid,
    model: { refId, ...model },
  }
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(alertFiles())) {
    writeFileSync(join(CHECKOUT, path), text)
  }
}
