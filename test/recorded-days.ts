import { whileBeating } from '../activities/heartbeat.ts'
import type { Activities } from '../activities/index.ts'
import { createRunActivities } from '../activities/runs.ts'
import type { BackfillPlan } from '../core/backfill.ts'

/** Builds that wait until they are let go; all but those named. */
export class Gates {
  readonly waiting: string[] = []
  readonly #free: readonly unknown[]
  readonly #open = Promise.withResolvers<undefined>()

  constructor(...free: readonly unknown[]) {
    this.#free = free
  }

  readonly wait = async (date: string, signal: AbortSignal): Promise<undefined> => {
    if (this.#free.includes(date)) return
    this.waiting.push(date)
    const aborted = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => aborted.reject(signal.reason))
    await Promise.race([this.#open.promise, aborted.promise])
  }

  openAll(): void {
    this.#open.resolve(undefined)
  }
}

interface Recorded {
  readonly plan: readonly string[]
  readonly skipped?: readonly string[]
  readonly empty?: readonly string[]
  readonly before?: (date: string, signal: AbortSignal) => unknown
}

/** Activities of the days that note their calls, and build nothing. */
export function recordedDays({
  plan,
  skipped = [],
  empty = [],
  before = () => undefined,
}: Recorded) {
  const calls = { made: [] as string[], waits: 0 }
  const build = async (date: string, words: string) => {
    calls.made.push(`build ${date} ${words}`)
    const fault = await whileBeating((signal) => Promise.resolve(before(date, signal)))
    if (fault instanceof Error) throw fault
  }
  const activities: Partial<Activities> = {
    async planBackfill(): Promise<BackfillPlan> {
      const days = plan.map((date) => ({ date, reason: 'never built' }))
      const left = skipped.map((date) => ({ date, reason: 'archived' }))
      return { days, skipped: left, upToDate: 7 }
    },
    async measureLag() {
      calls.made.push('stream')
      return { spans: {}, behind: {} }
    },
    async settleEmptyDays(tasks) {
      const settled = tasks.map(({ date }) => date).filter((date) => empty.includes(date))
      calls.made.push(...settled.map((date) => `empty ${date}`))
      return settled
    },
    async buildBackfillDay({ date, reason, actor }) {
      await build(date, `${reason} ${actor}`)
    },
    async buildDay({ date }) {
      await build(date, 'alone')
      return { runs: [] }
    },
    async reconcileSums() {
      calls.made.push('books')
      return { state: 'balanced', books: [] }
    },
    async closeDay() {},
    async buildFollowers() {
      calls.made.push('followers')
    },
    async awaitRun(input) {
      calls.waits += 1
      return await createRunActivities().awaitRun(input)
    },
  }
  return Object.assign(calls, { activities })
}
