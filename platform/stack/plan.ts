import { UpiError } from '../../core/errors.ts'

/** Something with a name that starts after what it needs. */
export interface Planned {
  readonly name: string
  readonly needs: readonly string[]
}

/** Orders components so that each comes after its needs; refuses doubled names, unknown needs and circles. */
export function startOrder<T extends Planned>(components: readonly T[]): T[] {
  const byName = new Map(components.map((component) => [component.name, component]))
  if (byName.size < components.length) throw new UpiError('BUG', 'two components share a name')
  const ordered = new Set<T>()
  const visit = (component: T, path: readonly string[]): void => {
    if (ordered.has(component)) return
    const trail = [...path, component.name]
    if (path.includes(component.name)) {
      throw new UpiError('BUG', `components need each other: ${trail.join(' -> ')}`)
    }
    for (const need of component.needs) {
      const needed = byName.get(need)
      if (needed === undefined) {
        throw new UpiError('OPTION_INVALID', `${component.name} needs ${need}, which is left out`, {
          fix: `take ${need} too, or leave out ${component.name}`,
        })
      }
      visit(needed, trail)
    }
    ordered.add(component)
  }
  for (const component of components) visit(component, [])
  return [...ordered]
}

/** The names of those that need a component and so must be gone before it is stopped. */
export function dependents(components: readonly Planned[], name: string): string[] {
  return components
    .filter((component) => component.needs.includes(name))
    .map((component) => component.name)
}
