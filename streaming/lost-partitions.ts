import { UpiError } from '../core/errors.ts'
import type { Logger } from '../platform/telemetry.ts'
import type { Place } from './place-offsets.ts'

/** Partitions that stand still until a person has decided, and why: logged once, and told to whoever asks. */
export class LostPartitions {
  readonly #lines = new Map<number, string>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  get size(): number {
    return this.#lines.size
  }

  /** Why they stand still, each reason once. */
  get why(): string {
    return [...new Set(this.#lines.values())].join('; ')
  }

  has(partition: number): boolean {
    return this.#lines.has(partition)
  }

  clear(): void {
    this.#lines.clear()
  }

  note(partition: number, { message, fix }: UpiError): void {
    const line = fix === undefined ? message : `${message}; ${fix}`
    if (this.#lines.get(partition) !== line) this.#log.error({ partition }, line)
    this.#lines.set(partition, line)
  }

  /** A partition has a place to go on from. */
  noteFound(partition: number): void {
    if (this.#lines.delete(partition)) this.#log.info({ partition }, 'reading again')
  }

  /** The topic as a whole was refused, with all its partitions; an outage is told by whoever needs the server. */
  noteRefused(fault: unknown, partitions: readonly number[]): undefined {
    if (!(fault instanceof UpiError) || fault.kind === 'retry') return
    for (const partition of partitions) this.note(partition, fault)
  }

  /** A topic that was made anew with fewer partitions: nobody is assigned those that are gone. */
  noteOthers(places: ReadonlyMap<number, Place>, isOurs: (partition: number) => boolean): void {
    for (const partition of this.#lines.keys()) {
      if (!isOurs(partition) && !places.has(partition)) this.#lines.delete(partition)
    }
    for (const [partition, place] of places) {
      if (!isOurs(partition) && 'lost' in place) this.note(partition, place.lost)
    }
  }
}
