import { type Common, type Panel, panel, type Words } from './panel.ts'
import type { Kinds } from './schema.ts'
import { UNITS } from './unit.ts'

/** Lines, bars or areas over time. */
export function timeSeries(
  given: Common & {
    readonly style?: 'line' | 'bars' | 'area'
    readonly isStacked?: boolean
    readonly min?: number
    readonly max?: number
    /** The axis ends here unless figures lie beyond. */
    readonly softMin?: number
    readonly softMax?: number
    /** Lines at the steps, for limits that mean something. */
    readonly showSteps?: boolean
  },
): Panel {
  const { style = 'line', min, max, softMin, softMax } = given
  const custom: Kinds['timeseries']['custom'] = {
    drawStyle: style === 'bars' ? 'bars' : 'line',
    fillOpacity: { line: 0, area: 25, bars: 80 }[style],
    lineWidth: style === 'bars' ? 0 : 1,
    showPoints: 'auto',
    pointSize: 4,
    spanNulls: false,
    stacking: { mode: given.isStacked ? 'normal' : 'none', group: 'A' },
    ...(softMin === undefined ? {} : { axisSoftMin: softMin }),
    ...(softMax === undefined ? {} : { axisSoftMax: softMax }),
    ...(given.showSteps ? { thresholdsStyle: { mode: 'dashed' } } : {}),
  }
  const defaults: Kinds['timeseries']['defaults'] = {
    color: { mode: 'palette-classic' },
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  }
  const options: Kinds['timeseries']['options'] = {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
    tooltip: { mode: 'multi', sort: 'desc' },
  }
  return panel('timeseries', given, { custom, defaults, options })
}

/** Large figures; with `field`, one of a shared answer. */
export function stat(
  given: Common & {
    readonly field?: string
    /** A line of how the figure went, behind it. */
    readonly hasGraph?: boolean
  },
): Panel {
  const { field, hasGraph = false, steps } = given
  const options: Kinds['stat']['options'] = {
    colorMode: 'value',
    graphMode: hasGraph ? 'area' : 'none',
    justifyMode: 'auto',
    orientation: 'auto',
    textMode: 'auto',
    wideLayout: true,
    reduceOptions: {
      calcs: ['lastNotNull'],
      fields: field === undefined ? '' : `/^${field}$/`,
      values: false,
    },
  }
  const defaults: Kinds['stat']['defaults'] = {
    color: steps === undefined ? { mode: 'fixed', fixedColor: 'text' } : { mode: 'thresholds' },
  }
  return panel('stat', given, { options, defaults })
}

/** Rows and columns; the statement sorts, and a click on a column sorts otherwise. */
export function table(given: Common): Panel {
  const custom: Kinds['table']['custom'] = {
    align: 'auto',
    cellOptions: { type: 'auto' },
    inspect: false,
  }
  const options: Kinds['table']['options'] = {
    showHeader: true,
    cellHeight: 'sm',
    enablePagination: false,
  }
  return panel('table', given, {
    custom,
    defaults: { color: { mode: 'thresholds' }, ...noSteps(given) },
    options,
  })
}

/** Cells by time and by a series each, the first at the bottom; the answer may have no gap in time. */
export function heatmap(
  given: Common & {
    readonly scheme: 'Greens' | 'Blues' | 'Reds' | 'Oranges' | 'RdYlGn'
    readonly isTopDown?: boolean
  },
): Panel {
  const { unit, decimals = 0, scheme, isTopDown = false } = given
  const options: Kinds['heatmap']['options'] = {
    calculate: false,
    cellGap: 1,
    cellValues: { unit: UNITS[unit], decimals },
    color: {
      mode: 'scheme',
      scheme,
      exponent: 0.5,
      fill: 'dark-orange',
      reverse: false,
      steps: 64,
    },
    exemplars: { color: 'rgba(255,0,255,0.7)' },
    filterValues: {},
    legend: { show: true },
    rowsFrame: { layout: 'auto' },
    showValue: 'never',
    tooltip: { mode: 'single', showColorScale: true, yHistogram: false },
    yAxis: { axisPlacement: 'left', reverse: isTopDown },
  }
  return panel('heatmap', given, { options })
}

/** A bar for each row, named by a text column. */
export function barChart(given: Common & { readonly by: string }): Panel {
  const custom: Kinds['barchart']['custom'] = { fillOpacity: 80, lineWidth: 0, axisSoftMin: 0 }
  const options: Kinds['barchart']['options'] = {
    xField: given.by,
    orientation: 'horizontal',
    showValue: 'always',
    stacking: 'none',
    barWidth: 0.8,
    groupWidth: 0.8,
    legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
    tooltip: { mode: 'single', sort: 'none' },
  }
  return panel('barchart', given, { custom, options, defaults: noSteps(given) })
}

/** The alerts of Grafana that fire, each with its page. It asks no one but Grafana. */
export function alertList(words: Omit<Words, 'unit'>): Panel {
  const options = {
    viewMode: 'list',
    groupMode: 'default',
    maxItems: 20,
    sortOrder: 3,
    dashboardAlerts: false,
    alertName: '',
    alertInstanceLabelFilter: '',
    folder: '',
    stateFilter: { firing: true, pending: true, noData: false, normal: false, error: true },
  }
  const given = { ...words, unit: 'text', queries: [] } as unknown as Common
  return panel('alertlist', given, { options })
}

// Grafana colours by a step at 80 unless it is told that there is none.
function noSteps({ steps }: Common): Kinds['table']['defaults'] {
  if (steps !== undefined) return {}
  return { thresholds: { mode: 'absolute', steps: [{ color: 'text', value: null }] } }
}
