import { setImmediate } from 'node:timers/promises'
import { UpiError } from '../core/errors.ts'
import type { Logger } from '../platform/telemetry.ts'
import type { PreparedBatch } from './batch.ts'
import { loadSchemas, type Schemas, schemaIdsOf } from './load-schemas.ts'
import type { Placed } from './place-offsets.ts'
import type { Rules, WireSchema } from './processor.ts'
import { joinOutcomes, type Outcome, runPipeline } from './run-pipeline.ts'
import type { Sink, Written } from './sink.ts'
import { type Slice, type Stretch, slices, upTo } from './slices.ts'
import type { Turns } from './turns.ts'
import { isPassing, type Outside, waitOut } from './wait-out.ts'

export interface LaneDeps {
  readonly sink: Sink
  readonly rules: Rules
  /** Loads the schema of a framed message, so that decoding need not wait. Throws while the registry is away. */
  readonly loadSchema: (id: number) => Promise<WireSchema>
  readonly log: Logger
  /** Batches that are being prepared or written at the same time, over all lanes: they are what takes memory. */
  readonly batches: Turns
  readonly onWritten: (lane: Lane, written: WrittenBatch) => void
  /** Something is tried again. */
  readonly onRetry: (outside: Outside) => void
  /** What it has fetched is not written by it: another worker has moved the offset, or it has given that back. */
  readonly onStale: (lane: Lane) => void
  readonly onFatal: (fault: unknown) => void
}

/** A batch that is in Postgres, and how long it took. */
export interface WrittenBatch {
  readonly batch: PreparedBatch
  readonly books: Written
  readonly prepareMs: number
  /** How long it waited for writes before it, of its partition or of others. */
  readonly turnMs: number
  readonly writeMs: number
}

/** A stretch that is not prepared yet; nothing of it once it is given back. */
interface Fetched {
  stretch: Stretch | undefined
  readonly portion: Stretch['portion']
}

/** Where what was taken belongs; `signal` is aborted when it does no longer. */
interface Taking {
  readonly epoch: number
  readonly signal: AbortSignal
}

// Some two milliseconds of work.
const RECORDS_AT_ONCE = 256

/**
 * The way of one partition into the sink: while a batch is being written the next one is prepared, and one more may wait
 * as it was fetched. Batches are written one at a time, in order. Nothing here throws: what goes wrong is told to `deps`.
 */
export class Lane {
  readonly partition: number
  readonly #deps: LaneDeps
  #place: Placed | undefined
  /** Up to where the log has been taken; what is fetched next must begin here. */
  #taken = 0n
  #written = 0n
  #hold = new AbortController()
  #preparing: Promise<void> = Promise.resolve()
  #writing: Promise<void> = Promise.resolve()
  /** A write may wait for one server while what comes after it waits for another. */
  readonly #awaited = new Set<Outside>()
  readonly #fetched = new Set<Fetched>()
  #hasGivenBack = false
  #busy = 0
  /** Batches that are being prepared or written. */
  #inHand = 0

  constructor(partition: number, deps: LaneDeps) {
    this.partition = partition
    this.#deps = deps
  }

  /** Where it stands: undefined while it has no place to go on from. */
  get position(): bigint | undefined {
    return this.#place === undefined ? undefined : this.#taken
  }

  /** The offset after the last that is in Postgres. */
  get written(): bigint {
    return this.#written
  }

  /** Aborted when the lane is dropped. */
  get signal(): AbortSignal {
    return this.#hold.signal
  }

  /** What it waits for. */
  get awaited(): readonly Outside[] {
    return [...this.#awaited]
  }

  /** Whether nothing is being prepared or written. */
  get isIdle(): boolean {
    return this.#busy === 0
  }

  /** Whether all was taken that lies before what is in Postgres already: it must be placed beyond that. */
  get isAtEnd(): boolean {
    return this.#place?.until === this.#taken
  }

  /** Begins to read from a place; the lane must be settled. */
  begin(place: Placed): void {
    this.#place = place
    this.#taken = place.offset
    this.#written = place.offset
    this.#hasGivenBack = false
  }

  /** Forgets its place and what was not yet being written; a write in flight ends as it may. Gives the next signal. */
  drop(): AbortSignal {
    this.#place = undefined
    this.#awaited.clear()
    this.#hold.abort()
    this.#hold = new AbortController()
    return this.#hold.signal
  }

  /** Settles when nothing is being prepared or written any more. */
  async settled(): Promise<void> {
    while (!this.isIdle) {
      await this.#preparing
      await this.#writing
    }
  }

  /** Takes what was fetched from its position on; settles when there is room for more. */
  take(fetched: Stretch): Promise<void> {
    const place = this.#place
    if (place === undefined) return Promise.resolve()
    if (this.#hasGivenBack) return this.#preparing
    const stretch = upTo(place.until, fetched)
    this.#taken = stretch.next
    const taking = { epoch: place.epoch, signal: this.#hold.signal }
    const { portion } = fetched
    portion?.take()
    const room = this.#preparing
    const held = { stretch, portion }
    this.#fetched.add(held)
    this.#busy++
    this.#preparing = room
      .then(() => this.#prepareAll(held, taking))
      .catch((fault) => this.#deps.onFatal(fault))
      .finally(() => {
        this.#busy--
        this.#fetched.delete(held)
        // The last of its writes may still be under way; it tells of its own faults.
        this.#writing.then(() => portion?.release()).catch(this.#deps.onFatal)
      })
    return room
  }

  async #prepareAll(held: Fetched, taking: Taking): Promise<void> {
    const unknown = await this.#prepareKnown(held, taking)
    if (unknown === undefined) return
    await this.#writing
    this.#giveBack()
    const { signal } = taking
    const waiter = { signal, firstOffset: this.#written }
    const load = () => loadSchemas(unknown, this.#deps.loadSchema, signal)
    const schemas = await this.#wait('registry', load, waiter)
    if (schemas !== undefined && !signal.aborted) this.#deps.onStale(this)
  }

  // The others need the room, and it can be fetched again.
  #giveBack(): void {
    this.#hasGivenBack = true
    for (const held of this.#fetched) {
      held.stretch = undefined
      held.portion?.release()
    }
  }

  /** Prepares slice by slice; gives the ids of the first of which the registry, which is away, must tell the schemas. */
  async #prepareKnown(
    { stretch }: Fetched,
    { epoch, signal }: Taking,
  ): Promise<ReadonlySet<number> | undefined> {
    if (stretch === undefined) return
    for (const slice of slices(stretch)) {
      const ids = schemaIdsOf(slice.records)
      // Kept with the slice: a topic full of made-up ids would drive them out of any cache before they are used.
      const schemas = await loadSchemas(ids, this.#deps.loadSchema, signal).catch((fault) => {
        if (!isPassing(fault)) throw fault
      })
      if (signal.aborted) return
      if (schemas === undefined) return ids
      // What is only prepared ahead must not take the turn of a lane that has nothing in hand.
      const leave = await this.#deps.batches.enter(this.#inHand > 0 ? 1 : 0)
      this.#inHand++
      const done = () => {
        this.#inHand--
        leave()
      }
      const beganMs = performance.now()
      const batch = await this.#prepare(slice, { epoch, schemas, signal })
      const readyMs = performance.now()
      await this.#writing
      if (signal.aborted || batch === undefined) {
        done()
        return
      }
      this.#busy++
      const prepared = { batch, readyMs, prepareMs: readyMs - beganMs }
      this.#writing = this.#write(prepared, signal).finally(() => {
        this.#busy--
        done()
      })
    }
  }

  async #prepare(
    { records, from, next, latestMs, rawDay }: Slice,
    { epoch, schemas, signal }: Taking & { schemas: Schemas },
  ): Promise<PreparedBatch | undefined> {
    const { partition } = this
    const { sink, log } = this.#deps
    const rules = { ...this.#deps.rules, schemaOf: (id: number) => schemas.get(id) as WireSchema }
    const outcomes: Outcome[] = []
    for (let at = 0; at < records.length; at += RECORDS_AT_ONCE) {
      // What Postgres has answered meanwhile comes first: it waits for the rest of a transaction.
      await setImmediate()
      if (signal.aborted) return undefined
      outcomes.push(runPipeline(records.slice(at, at + RECORDS_AT_ONCE), rules))
    }
    const outcome = joinOutcomes(outcomes)
    if (outcome.fault !== undefined) {
      log.error({ err: outcome.fault, partition, first_offset: String(from) }, 'a processor threw')
    }
    return sink.prepare({ partition, epoch, from, next, latestMs, rawDay, outcome })
  }

  async #write(
    { batch, readyMs, prepareMs }: { batch: PreparedBatch; readyMs: number; prepareMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { sink, log, onWritten, onStale, onFatal } = this.#deps
    let turnMs: number | undefined
    const write = async () => {
      const beganMs = performance.now()
      turnMs ??= beganMs - readyMs
      const books = await sink.write(batch)
      return { batch, books, prepareMs, turnMs, writeMs: performance.now() - beganMs }
    }
    try {
      const written = await this.#wait('postgres', write, { signal, firstOffset: batch.from })
      if (written === undefined) return
      this.#written = batch.next
      this.#tell(written)
      onWritten(this, written)
    } catch (fault) {
      if (!(fault instanceof UpiError && fault.code === 'OWNER_STALE')) onFatal(fault)
      else if (!signal.aborted) {
        const at = { partition: this.partition, first_offset: String(batch.from) }
        log.warn(at, 'another worker has moved on; reading its offset')
        onStale(this)
      }
    }
  }

  // From a message to its rows: raw has topic, partition and offset of each.
  #tell({ batch, books, writeMs }: WrittenBatch): void {
    const { log } = this.#deps
    if (!log.isLevelEnabled('debug')) return
    const { messages, accepted, rejected } = books
    const at = { partition: this.partition, first_offset: String(batch.from) }
    const ms = Math.round(writeMs)
    log.debug(
      { ...at, next_offset: String(batch.next), messages, accepted, rejected, ms },
      'batch written',
    )
  }

  #wait<T>(
    what: Outside,
    call: () => Promise<T>,
    { signal, firstOffset }: { signal: AbortSignal; firstOffset: bigint },
  ): Promise<T | undefined> {
    const say = (outside: Outside) => {
      this.#deps.onRetry(outside)
      if (!signal.aborted) this.#awaited.add(outside)
    }
    const fields = { partition: this.partition, first_offset: String(firstOffset) }
    return waitOut(what, call, { log: this.#deps.log, fields, signal, say }).finally(() => {
      if (!signal.aborted) this.#awaited.delete(what)
    })
  }
}
