import type { CpuReading } from './cpu.ts'

/** How fast messages were written, and at what cost. */
export interface Measurement {
  readonly perSecond: number
  readonly seconds: number
  /** CPU seconds for a million messages. */
  readonly cpu: CpuReading
  /** The most memory that the worker had resident; null where there was none, or it cannot be seen. */
  readonly peakBytes: number | null
}

/** Repeated measurements of the same. */
export interface Series {
  readonly what: string
  readonly runs: Measurement[]
  /** Measured in turn with this one, which it is a share of. */
  readonly base?: Series
}
