import type { Step } from './plan.ts'

/** A plan as lines for people, in the order in which it is run. */
export function explain(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    if (step.kind === 'skip') return `skip ${step.date}: ${step.reason}`
    const names = step.models.map(({ model }) => model.name).join(', ')
    return step.kind === 'views'
      ? `make views: ${names}`
      : `build ${step.date} (${step.reason}): ${names}`
  })
}
