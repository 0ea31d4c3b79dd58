const HEAVY = '-heavy'

/** The task queue of work that may wait: beside that of the daily run, so that neither takes the other's slots. */
export function heavyQueue(taskQueue: string): string {
  return taskQueue.endsWith(HEAVY) ? taskQueue : `${taskQueue}${HEAVY}`
}
