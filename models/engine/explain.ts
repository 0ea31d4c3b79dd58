import type { Step } from './plan.ts'

/** A step as people read it: what is done, to what, and why. */
export interface Explained {
  readonly does: 'make' | 'build' | 'skip'
  /** A day, or the name of a model that has none. */
  readonly subject: string
  readonly reason: string
  readonly models: readonly string[]
}

/** A plan for people, in the order in which it is run. */
export function explain(steps: readonly Step[]): Explained[] {
  return steps.flatMap((step): Explained[] => {
    if (step.kind === 'relations') return explainRelations(step)
    if (step.kind === 'skip') {
      return [{ does: 'skip', subject: step.date, reason: step.reason, models: [] }]
    }
    if (step.kind === 'day') {
      const models = step.models.map(({ model }) => model.name)
      return [{ does: 'build', subject: step.date, reason: step.reason, models }]
    }
    const { model, reason, scope } = step
    return [{ does: 'build', subject: scope, reason, models: [model.name] }]
  })
}

function explainRelations({ views, tables }: Extract<Step, { kind: 'relations' }>): Explained[] {
  const made = views.map(({ model }) => ({ subject: 'view', reason: 'query differs', model }))
  const tabled = tables.map(({ model, isMissing, addColumns }) => ({
    subject: 'table',
    reason: isMissing
      ? 'missing'
      : addColumns.length > 0
        ? `lacks ${addColumns.join(', ')}`
        : 'contract differs',
    model,
  }))
  return [...made, ...tabled].map(({ subject, reason, model }) => ({
    does: 'make',
    subject,
    reason,
    models: [model.name],
  }))
}
