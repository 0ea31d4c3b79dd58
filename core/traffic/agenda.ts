/** Something that is due at an instant. */
export interface Due {
  readonly at: number
}

/** What is due, earliest first; of two that are due at once, the one added first. A binary heap. */
export class Agenda<T extends Due> {
  private readonly heap: { item: T; order: number }[] = []
  private added = 0

  get size(): number {
    return this.heap.length
  }

  /** The earliest item, left in place. */
  get first(): T | undefined {
    return this.heap[0]?.item
  }

  /** Adds an item. */
  add(item: T): void {
    const entry = { item, order: this.added++ }
    let hole = this.heap.length
    this.heap.push(entry)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      const above = this.heap[parent] as { item: T; order: number }
      if (isBefore(above, entry)) break
      this.heap[hole] = above
      hole = parent
    }
    this.heap[hole] = entry
  }

  /** Removes the earliest item. */
  take(): T | undefined {
    const first = this.heap[0]
    const last = this.heap.pop()
    if (first === undefined || last === undefined) return undefined
    if (this.heap.length > 0) this.sink(last)
    return first.item
  }

  private sink(entry: { item: T; order: number }): void {
    const { heap } = this
    let hole = 0
    for (;;) {
      const left = heap[2 * hole + 1]
      const right = heap[2 * hole + 2]
      if (left === undefined) break
      const below = right !== undefined && isBefore(right, left) ? right : left
      if (isBefore(entry, below)) break
      heap[hole] = below
      hole = 2 * hole + (below === left ? 1 : 2)
    }
    heap[hole] = entry
  }
}

function isBefore<T extends Due>(
  one: { item: T; order: number },
  other: { item: T; order: number },
): boolean {
  return one.item.at === other.item.at ? one.order < other.order : one.item.at < other.item.at
}
