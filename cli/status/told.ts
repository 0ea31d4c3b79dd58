import type { Told } from '../../platform/facts/fact-reader.ts'
import type { FactName } from '../../platform/facts/fact-table.ts'

/** The value of a metric that has no labels, or of one of its labels' values; 0 where there is none. */
export function figure(told: Told, name: FactName, label?: string): number {
  const samples = told[name] ?? []
  const found = samples.find(
    ([, labels = {}]) => label === undefined || Object.values(labels).includes(label),
  )
  return found?.[0] ?? 0
}

/** The values of a metric with one label, the largest first. */
export function ranked(told: Told, name: FactName): { label: string; value: number }[] {
  const samples = told[name] ?? []
  return samples
    .map(([value, labels = {}]) => ({ label: Object.values(labels)[0] ?? '', value }))
    .toSorted((a, b) => b.value - a.value)
}
