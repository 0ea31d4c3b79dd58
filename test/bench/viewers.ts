import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { type Dashboard, readDashboards, statementsOf } from '../dashboard-file.ts'
import { shownBy } from '../grafana-macros.ts'
import { readText } from '../repository.ts'
import { spreadOf } from './results.ts'

/** What the viewers of a run have been told. */
export interface ViewersTally {
  readonly viewers: number
  /** Questions of one refresh. */
  readonly statements: number
  readonly refreshes: number
  /** Refreshes that fell out, since the one before was not done. */
  readonly skipped: number
  /** Rows of one refresh, at most. */
  readonly rows: number
  /** From the first question of a refresh to its last answer, in the middle and at most. */
  readonly medianMs: number
  readonly mostMs: number
}

const REFRESH_MS = 5_000

/**
 * Browsers that show UPI live: every 5 s each asks Postgres, through Grafana's pool, all that its panels, its choices and
 * its marks ask. They begin one after the other, as people do.
 */
export class Viewers {
  readonly #pool: pg.Pool
  readonly #questions: readonly string[]
  readonly #stop = new AbortController()
  readonly #looking: Promise<void>[]
  readonly #refreshMs: number[] = []
  #skipped = 0
  #rows = 0

  /** They see the half hour before `to`. */
  constructor(url: string, { count, to }: { count: number; to: Date }) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: readConnectionsMax(),
      application_name: 'upi-bench-viewers',
    })
    this.#pool.on('error', () => {})
    const board = readBoard()
    this.#questions = statementsOf(board).map(({ sql, panel }) =>
      shownBy(board, sql, panel, {}, to),
    )
    this.#looking = Array.from({ length: count }, (_, index) =>
      this.#look((index / count) * REFRESH_MS),
    )
    // Told by stop().
    for (const looking of this.#looking) looking.catch(() => {})
  }

  /** Throws what a viewer was refused. */
  async stop(): Promise<ViewersTally> {
    this.#stop.abort()
    try {
      await Promise.all(this.#looking)
    } finally {
      await this.#pool.end()
    }
    const { median, most } = spreadOf(this.#refreshMs)
    return {
      viewers: this.#looking.length,
      statements: this.#questions.length,
      refreshes: this.#refreshMs.length,
      skipped: this.#skipped,
      rows: this.#rows,
      medianMs: median,
      mostMs: most,
    }
  }

  async #look(firstMs: number): Promise<void> {
    const { signal } = this.#stop
    let dueAt = performance.now() + firstMs
    while (await isDue(dueAt, signal)) {
      const began = performance.now()
      await this.#refresh()
      const ended = performance.now()
      this.#refreshMs.push(ended - began)
      for (dueAt += REFRESH_MS; dueAt < ended; dueAt += REFRESH_MS) this.#skipped += 1
    }
  }

  async #refresh(): Promise<void> {
    const answers = await Promise.all(this.#questions.map((sql) => this.#pool.query(sql)))
    const rows = answers.reduce((sum, { rows: { length } }) => sum + length, 0)
    this.#rows = Math.max(this.#rows, rows)
  }
}

async function isDue(at: number, signal: AbortSignal): Promise<boolean> {
  await pause(Math.max(at - performance.now(), 0), undefined, { signal }).catch(() => {})
  return !signal.aborted
}

function readBoard(): Dashboard {
  const found = readDashboards().find(({ dashboard }) => dashboard.uid === 'upi-live')
  if (found === undefined) throw new Error('no dashboard upi-live')
  return found.dashboard
}

function readConnectionsMax(): number {
  const [, count] =
    /maxOpenConns: (\d+)/.exec(readText('grafana/provisioning/datasources/upi.yaml')) ?? []
  if (count === undefined) throw new Error('the datasource says not how many connections it opens')
  return Number(count)
}
