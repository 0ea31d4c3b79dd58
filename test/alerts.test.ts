import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ALERTS } from '../grafana/alerts/index.ts'
import { RECORDINGS } from '../grafana/alerts/recordings.ts'
import { alertFiles } from '../grafana/alerts/write-alerts.ts'
import { CHECKOUT } from '../platform/config.ts'
import { FACTS } from '../platform/facts/fact-table.ts'
import { METRICS } from '../streaming/metric-table.ts'
import { ALERT_CASES, type AlertCase, type Firing, STORIES } from './fixtures/alert-cases.ts'
import { exposedNames, metricsIn } from './metric-names.ts'
import { promtool } from './promtool.ts'
import { readText } from './repository.ts'

const RULES = join(CHECKOUT, 'grafana/prometheus/rules.yml')
const folder = mkdtempSync(join(tmpdir(), 'upi-rules-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the rules', () => {
  test('are those of the list; npm run alerts makes them so', () => {
    for (const [path, text] of Object.entries(alertFiles())) expect(readText(path), path).toBe(text)
  })

  test('please promtool, and so does the configuration that loads them', async () => {
    expect(await promtool('check', 'rules', RULES)).toContain('SUCCESS')
    const config = join(CHECKOUT, 'grafana/prometheus/prometheus.yml')
    expect(await promtool('check', 'config', config)).toContain('SUCCESS: 1 rule files found')
  })

  test('have names of their own and a sentence each, without anybody’s data', () => {
    expect(new Set(ALERTS.map(({ name }) => name)).size).toBe(ALERTS.length)
    for (const { name, summary } of ALERTS) {
      expect(name).toMatch(/^([A-Z][a-z]+)+$/)
      expect(summary, name).toMatch(/^[A-Z].*\.$/)
      const labels = [...summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label)
      expect(KNOWN_LABELS, name).toEqual(expect.arrayContaining(labels))
    }
  })

  test('ask for metrics that a process exposes', () => {
    // What Prometheus itself says of whether it could scrape one.
    const known = new Set([...exposedNames(), 'up'])
    for (const expr of [...ALERTS.map((alert) => alert.expr), ...Object.values(RECORDINGS)]) {
      expect(metricsIn(expr)).not.toEqual([])
      expect(metricsIn(expr).filter((name) => !known.has(name))).toEqual([])
    }
  })
})

const KNOWN_LABELS = [
  ...Object.values({ ...METRICS, ...FACTS }).flatMap(({ labels }) => labels as readonly string[]),
  'job',
]

describe('each alert', () => {
  test('has its faults', () => {
    expect(Object.keys(ALERT_CASES).toSorted()).toEqual(ALERTS.map(({ name }) => name).toSorted())
  })

  const cases = Object.entries(ALERT_CASES).flatMap(([name, all]) =>
    all.map((series, index) => [name, index + 1, series] as const),
  )
  test.concurrent.each(cases)(
    '%s fires by its fault %i alone, and clears after',
    async (name, index, series) => {
      const path = join(folder, `${name}-${index}.yml`)
      writeFileSync(path, stringify(ruleTest(name, series)))
      expect(await promtool('test', 'rules', path)).toContain('SUCCESS')
    },
  )
})

test.concurrent.each(Object.entries(STORIES))('%s', async (what, { series, fire = [] }) => {
  const path = join(folder, `${what.replaceAll(/\W+/g, '-')}.yml`)
  writeFileSync(path, stringify(storyTest(series, fire)))
  expect(await promtool('test', 'rules', path)).toContain('SUCCESS')
})

// Minutes. The longest that an expression looks back is an hour; the longest that one must hold is a quarter of one.
const [WELL, FAULTY, AFTER] = [30, 90, 80] as const
// Seldom: each rule is asked each time, and Prometheus' own looking back is as long.
const EVALUATED_EVERY = 5

function ruleTest(name: string, series: AlertCase): object {
  const input = { 'up{job="stream"}': ['1', '1'], 'up{job="worker"}': ['1', '1'], ...series }
  const firing = (minute: number, samples: readonly object[]) => ({
    expr: 'min by (alertname) (ALERTS{alertstate="firing"})',
    eval_time: `${minute}m`,
    exp_samples: samples,
  })
  return {
    rule_files: [RULES],
    evaluation_interval: `${EVALUATED_EVERY}m`,
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(input).map(([each, [well, faulty]]) => ({
          series: each,
          values: `${well}x${WELL - 1} ${faulty}x${FAULTY - 1} ${well}x${AFTER}`,
        })),
        promql_expr_test: [
          firing(WELL - EVALUATED_EVERY, []),
          firing(WELL + FAULTY - EVALUATED_EVERY, [{ labels: `{alertname="${name}"}`, value: 1 }]),
          firing(WELL + FAULTY + AFTER - EVALUATED_EVERY, []),
        ],
      },
    ],
  }
}

// Every minute of what is told, and each series that fires then.
function storyTest(series: Readonly<Record<string, string>>, fire: readonly Firing[]): object {
  return {
    rule_files: [RULES],
    evaluation_interval: '30s',
    tests: [
      {
        interval: '30s',
        input_series: Object.entries({
          'up{job="stream"}': '1x80',
          'up{job="worker"}': '1x80',
          ...series,
        }).map(([each, values]) => ({ series: each, values })),
        promql_expr_test: Array.from({ length: 40 }, (_, minute) => ({
          expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
          eval_time: `${minute}m`,
          exp_samples: fire
            .filter(({ from, to }) => minute >= from && minute <= to)
            .map(({ alert }) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
        })),
      },
    ],
  }
}
