import { setTimeout } from 'node:timers/promises'
import type { EachBatchPayload, Kafka } from 'kafkajs'
import type { UpiError } from '../core/errors.ts'
import { BATCHES_IN_HAND_MAX, DRAIN_MS_MAX } from '../core/limits.ts'
import type { BytesInHand } from '../platform/bytes-in-hand.ts'
import type { Logger } from '../platform/telemetry.ts'
import { GroupConsumer } from './group-consumer.ts'
import { Lane, type LaneDeps, type WrittenBatch } from './lane.ts'
import { LostPartitions } from './lost-partitions.ts'
import { OffsetReport } from './offset-report.ts'
import type { Placed } from './place-offsets.ts'
import type { Rules } from './processor.ts'
import { stretchOf } from './read-batch.ts'
import type { Standing } from './scraped-metrics.ts'
import { Silence } from './silence.ts'
import type { Sink } from './sink.ts'
import { Turns } from './turns.ts'
import { OUTSIDES, type Outside, waitOut } from './wait-out.ts'

export interface StreamDeps {
  readonly kafka: Kafka
  readonly sink: Sink
  readonly rules: Rules
  readonly loadSchema: LaneDeps['loadSchema']
  readonly topic: string
  readonly group: string
  readonly log: Logger
  readonly hand: BytesInHand
  /** Told of messages that are taken in. */
  readonly onRead?: (partition: number, messages: number) => void
  readonly onBatch: (batch: WrittenBatch) => void
  /** Told of whom an attempt failed that is repeated. */
  readonly onRetry?: (outside: Outside) => void
}

// How long the fetches wait for a partition that has no room, before they go on without it.
const ROOM_WAIT_MS_MAX = 50
const WATCH_EVERY_MS = 3_000

/**
 * Reads a topic into the sink. Offsets live in Postgres: on every assignment the partitions are paused at once, their
 * offsets read, and only then fetched from there. What was fetched goes into the partition's lane, and the consumer goes
 * on: it waits for nothing that takes long, so that it beats and joins in time by itself. A partition whose offset is
 * lost stands still until a person has decided; the others go on.
 */
export class StreamWorker {
  readonly #deps: StreamDeps
  readonly #lanes = new Map<number, Lane>()
  readonly #lost: LostPartitions
  readonly #unreadable = new Map<number, { readonly offset: bigint; readonly fault: UpiError }>()
  readonly #stop = new AbortController()
  readonly #batches = new Turns(BATCHES_IN_HAND_MAX)
  readonly #crashed = Promise.withResolvers<never>()
  readonly #consumer: GroupConsumer
  readonly #report: OffsetReport
  #assigned: readonly number[] | undefined
  /** Whom each of those waits for that go on at the same time. */
  readonly #awaited = new Map<symbol, Outside>()
  readonly #silence = new Silence()

  constructor(deps: StreamDeps) {
    this.#deps = deps
    const { kafka, group, topic, log, hand } = deps
    this.#lost = new LostPartitions(log)
    const member = { kafka, group, topic, log, hand }
    this.#consumer = new GroupConsumer({
      ...member,
      onAssigned: (partitions) => this.#takeAssignment(partitions),
      onLeft: () => {
        this.#assigned = undefined
      },
      onBatch: (payload) => this.#takeBatch(payload),
      onFatal: (fault) => this.#fail(fault),
    })
    this.#report = new OffsetReport((offsets) => this.#consumer.commit(offsets), log)
    this.#crashed.promise.catch(() => {})
  }

  /** Reads until `signal`; then finishes the batches that are being written and leaves the group. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#stop.abort()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const watching = this.#watch().catch((fault) => this.#fail(fault))
    try {
      await this.#wait('kafka', () => this.#consumer.join())
      await Promise.race([this.#crashed.promise, untilAborted(this.#stop.signal)])
    } finally {
      stop()
      // Whatever hangs is cut off: the offset in Postgres tells the next worker where to begin.
      const isDrained = await Promise.race([
        Promise.all([this.#drain(), watching]).then(() => true),
        setTimeout(DRAIN_MS_MAX, false, { ref: false }),
      ])
      if (!isDrained) this.#deps.log.warn('a batch in hand was cut off')
    }
  }

  /** Why the worker is not reading all that is its own; undefined when it does, or has no partition to read. */
  readiness(): string | undefined {
    const [own] = [...this.#awaited.values(), ...this.#silence.away]
    if (own !== undefined) return isAway(own)
    if (this.#assigned === undefined) return 'has not joined the group yet'
    if (this.#lost.size > 0) return this.#lost.why
    const lanes = this.#assigned.map((partition) => this.#laneOf(partition))
    const [awaited] = lanes.flatMap((lane) => lane.awaited)
    if (awaited !== undefined) return isAway(awaited)
    const waiting = lanes.filter(({ position }) => position === undefined)
    if (waiting.length === 0) return undefined
    return `partitions ${waiting.map(({ partition }) => partition).join(', ')} are not placed yet`
  }

  /** Where the worker stands now. */
  standing(): Standing {
    const lanes = (this.#assigned ?? []).map((partition) => this.#laneOf(partition))
    const reading = lanes.filter(({ position }) => position !== undefined)
    const own = [...this.#awaited.values(), ...this.#silence.away]
    return {
      assigned: lanes.length,
      lost: this.#lost.size,
      stored: new Map(reading.map(({ partition, written }) => [partition, written])),
      awaited: new Set([...own, ...lanes.flatMap((lane) => lane.awaited)]),
    }
  }

  // In one go: what is assigned is paused before the first fetch can begin.
  #takeAssignment(partitions: readonly number[]): void {
    this.#assigned = partitions
    this.#lost.clear()
    for (const lane of this.#lanes.values()) lane.drop()
    this.#deps.log.info({ partitions }, 'partitions assigned')
    this.#placeAgain(partitions)
  }

  // A write in flight may still move its offset; the partitions that have none need not wait for the others.
  #placeAgain(partitions: readonly number[]): void {
    if (this.#stop.signal.aborted) return
    this.#consumer.pause(partitions)
    const held = partitions.map((partition) => {
      const lane = this.#laneOf(partition)
      return { lane, signal: lane.drop() }
    })
    const { idle = [], busy = [] } = Object.groupBy(held, ({ lane }) =>
      lane.isIdle ? 'idle' : 'busy',
    )
    for (const group of [idle, ...busy.map((each) => [each])]) {
      this.#place(group).catch((fault) => this.#fail(fault))
    }
  }

  async #place(held: readonly Held[]): Promise<void> {
    await Promise.all(held.map(({ lane }) => lane.settled()))
    const wanted = held.filter(({ signal }) => !signal.aborted)
    if (wanted.length === 0) return
    const partitions = wanted.map(({ lane }) => lane.partition)
    const places = await this.#wait('told by the fault', () =>
      this.#deps.sink.findOffsets(partitions),
    )
    if (places === undefined || this.#stop.signal.aborted) return
    for (const { lane, signal } of wanted) {
      const place = places.get(lane.partition)
      if (signal.aborted || place === undefined) continue
      const broken = this.#unreadable.get(lane.partition)
      if ('lost' in place) this.#lost.note(lane.partition, place.lost)
      else if (broken?.offset === place.offset) this.#lost.note(lane.partition, broken.fault)
      else this.#begin(lane, place)
    }
    this.#lost.noteOthers(places, (each) => this.#isOurs(each))
  }

  #begin(lane: Lane, place: Placed): void {
    const { partition } = lane
    this.#unreadable.delete(partition)
    this.#lost.noteFound(partition)
    lane.begin(place)
    this.#consumer.resume(partition, place.offset)
  }

  #isOurs(partition: number): boolean {
    return this.#assigned?.includes(partition) === true
  }

  async #takeBatch(payload: EachBatchPayload): Promise<void> {
    const { partition } = payload.batch
    const lane = this.#laneOf(partition)
    // What was fetched before a seek comes to nothing.
    if (lane.position === undefined) return
    const stretch = stretchOf(payload)
    if (stretch.from !== lane.position) {
      this.#deps.log.warn({ partition }, 'kafka has begun elsewhere; looking why')
      return this.#placeAgain([partition])
    }
    const { unreadable, next } = stretch
    if (unreadable !== undefined) {
      this.#unreadable.set(partition, { offset: next, fault: unreadable })
      if (next === stretch.from) return this.#placeWhenWritten(lane)
    }
    const { signal } = lane
    const room = lane.take(stretch)
    this.#deps.onRead?.(partition, stretch.records.length)
    payload.resolveOffset(String(next - 1n))
    if (lane.isAtEnd || unreadable !== undefined) return this.#placeWhenWritten(lane)
    const hasRoom = room.then(() => true)
    if (await Promise.race([hasRoom, setTimeout(ROOM_WAIT_MS_MAX, false, { ref: false })])) return
    // The other partitions go on meanwhile, and the consumer beats.
    this.#consumer.pause([partition])
    hasRoom.then(() => signal.aborted || this.#consumer.resume(partition)).catch(() => {})
  }

  // Placed again at once it would lose what it has taken, and read that for ever without writing it.
  #placeWhenWritten(lane: Lane): void {
    const { partition, signal } = lane
    this.#consumer.pause([partition])
    const goOn = () => signal.aborted || this.#placeAgain([partition])
    lane.settled().then(goOn, (fault) => this.#fail(fault))
  }

  /** Looks now and then whether a log has lost what was not read, also where no message comes; and whether it is mended. */
  async #watch(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await setTimeout(WATCH_EVERY_MS, undefined, { signal }).catch(() => {})
      const partitions = (this.#assigned ?? []).filter(
        (each) => this.#lost.has(each) || this.#laneOf(each).position !== undefined,
      )
      const looked = this.#silence.note(this.#deps.sink.findOffsets(partitions))
      const places = await looked.catch((fault) => this.#lost.noteRefused(fault, partitions))
      if (places === undefined || signal.aborted) continue
      const isTold = (partition: number) => 'lost' in (places.get(partition) ?? {})
      this.#placeAgain(
        partitions.filter((each) => this.#isOurs(each) && (this.#lost.has(each) || isTold(each))),
      )
      this.#lost.noteOthers(places, (each) => this.#isOurs(each))
    }
  }

  /** Finishes what is being written, says how far it got, and leaves the group. */
  async #drain(): Promise<void> {
    this.#consumer.pause(this.#assigned ?? [])
    const lanes = [...this.#lanes.values()]
    for (const lane of lanes) lane.drop()
    await Promise.all(lanes.map((lane) => lane.settled()))
    await this.#report.flush()
    await this.#consumer.stop()
  }

  #laneOf(partition: number): Lane {
    const known = this.#lanes.get(partition)
    if (known !== undefined) return known
    const { sink, rules, loadSchema, log, onBatch, onRetry } = this.#deps
    const lane = new Lane(partition, {
      sink,
      rules,
      loadSchema,
      log,
      batches: this.#batches,
      onRetry: (outside) => onRetry?.(outside),
      onWritten: ({ written }, batch) => {
        onBatch(batch)
        this.#report.note(partition, written)
      },
      onStale: () => this.#placeAgain([partition]),
      onFatal: (fault) => this.#fail(fault),
    })
    this.#lanes.set(partition, lane)
    return lane
  }

  // kafkajs would swallow it, or stop quietly and leave an idle process.
  #fail(fault: unknown): void {
    this.#crashed.reject(fault)
  }

  #wait<T>(what: Parameters<typeof waitOut>[0], call: () => Promise<T>): Promise<T | undefined> {
    const self = Symbol()
    const say = (outside: Outside) => {
      this.#deps.onRetry?.(outside)
      this.#awaited.set(self, outside)
    }
    const { log } = this.#deps
    return waitOut(what, call, { log, signal: this.#stop.signal, say }).finally(() =>
      this.#awaited.delete(self),
    )
  }
}

interface Held {
  readonly lane: Lane
  /** Aborted when the lane has been dropped once more. */
  readonly signal: AbortSignal
}

function isAway(outside: Outside): string {
  return `${OUTSIDES[outside]} is away`
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
