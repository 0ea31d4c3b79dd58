import { BANKS, type Bank } from './banks.ts'
import { istDay, istDayStart } from './ist-clock.ts'
import { Random } from './random.ts'

/** A time in which a bank answers badly. */
export interface Outage {
  readonly from: number
  readonly to: number
  /** Share of the bank's payments that fail technically. */
  readonly tdShare: number
}

// A bank has an outage on one day of thirty, so that somewhere there is one on most days.
const OUTAGE_DAY_SHARE = 1 / 30

const MINUTE_MS = 60_000
const MEDIAN_MINUTES = 50
const MINUTES_MIN = 15
const MINUTES_MAX = 240

// The last quarter of an hour at which an outage may begin still lets it end within its day.
const BEGIN_MINUTE_MAX = 20 * 60

/**
 * The outages of all banks, a pure function of the seed: runs of one seed that overlap in time see
 * the same ones.
 */
export class Outages {
  private readonly random: Random
  private readonly days = new Int32Array(BANKS.length).fill(-1)
  private readonly known: (Outage | null)[] = BANKS.map(() => null)

  constructor(seed: string) {
    this.random = new Random(seed, 'outages')
  }

  /** The outage that a bank has at an instant, if it has one. */
  at(bank: Bank, instant: number): Outage | null {
    const day = istDay(instant)
    if (this.days[bank.index] !== day) {
      this.days[bank.index] = day
      this.known[bank.index] = this.onDay(bank, day)
    }
    const outage = this.known[bank.index] ?? null
    return outage !== null && instant >= outage.from && instant < outage.to ? outage : null
  }

  /** The outage that a bank has on an Indian day, numbered from 1970-01-01. */
  onDay(bank: Bank, day: number): Outage | null {
    const random = this.random.at(day * BANKS.length + bank.index)
    if (!random.chance(OUTAGE_DAY_SHARE)) return null
    const from = istDayStart(day) + random.below(BEGIN_MINUTE_MAX) * MINUTE_MS
    const minutes = Math.round(random.logNormal(MEDIAN_MINUTES, 0.6))
    const to = from + Math.min(Math.max(minutes, MINUTES_MIN), MINUTES_MAX) * MINUTE_MS
    // One of three only wavers, the others are down.
    const tdShare = random.chance(1 / 3)
      ? 0.15 + 0.25 * random.uniform()
      : 0.6 + 0.35 * random.uniform()
    return { from, to, tdShare }
  }
}
