import type { Dashboard, FieldConfig, VariableModel } from '@grafana/schema'
import type * as BarChart from '@grafana/schema/dist/esm/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen'
import type * as Heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen'
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen'
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen'
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen'

/*
 * Grafana's own types of what we write: an option that it does not know, or a word that is none of its words, does not
 * compile. They are types only, nothing of them runs.
 */

/** What each kind of panel takes: options of its own, and settings of its fields. */
export interface Kinds {
  readonly timeseries: Taken<TimeSeries.Options, TimeSeries.FieldConfig>
  readonly stat: Taken<Stat.Options>
  readonly table: Taken<Table.Options, Table.FieldConfig>
  readonly heatmap: Taken<Heatmap.Options>
  readonly barchart: Taken<BarChart.Options, BarChart.FieldConfig>
  /** Grafana publishes no types of this one. */
  readonly alertlist: Taken<Record<string, unknown>>
}

interface Taken<Options, Custom = undefined> {
  readonly options: Given<Options>
  readonly custom?: Given<Custom> | undefined
  readonly defaults?: Given<Omit<FieldConfig, 'custom'>> | undefined
}

/** The page around the panels. */
export type Page = Given<Omit<Dashboard, 'panels' | 'annotations' | 'templating'>>

/** A choice at the top of the page. */
export type Choice = Given<VariableModel>

// As JSON has it: an enum's words instead of the enum, and what is left out has Grafana's default.
type Given<T> = T extends string | number
  ? `${T}` extends `${infer Word extends number}`
    ? Word
    : `${T}`
  : T extends readonly (infer Item)[]
    ? readonly Given<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]?: Given<T[Name]> | undefined }
      : T
