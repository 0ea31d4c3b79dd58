import { CsvRecords } from '../core/import/csv.ts'
import {
  type FileRecord,
  type LineReject,
  type RecordReader,
  refuseLine,
} from '../core/import/line.ts'
import { createMapper, type LineMapper } from '../core/import/map-line.ts'
import { NdjsonRecords } from '../core/import/ndjson.ts'
import type { Understanding } from '../core/import/understand.ts'
import {
  MESSAGE_FIELD_NAMES,
  MESSAGE_FIELDS,
  type OptionalField,
  type UpiMessage,
} from '../core/message.ts'
import type { Payment } from '../core/payment.ts'
import type { ImportFile, Portion } from '../platform/import-file.ts'
import type { MessageEncoder } from '../platform/message-encoder.ts'
import type { OutgoingMessage } from '../platform/producer.ts'
import type { RejectedLine } from '../platform/rejects-file.ts'
import type { KafkaRecord, Rules } from '../streaming/processor.ts'
import { runPipeline } from '../streaming/run-pipeline.ts'
import type { FileTally, ImportTally } from './import-tally.ts'

/** Where an import's lines go. */
export interface ImportOutlet {
  /** Undefined sends the plain JSON that was checked. */
  readonly encode: MessageEncoder | undefined
  /** Settles when the messages are acknowledged. */
  readonly send: (messages: readonly OutgoingMessage[]) => Promise<void>
  readonly keep: (lines: readonly RejectedLine[]) => Promise<void>
}

interface ImportOptions {
  readonly understanding: Understanding
  readonly rules: Rules
  readonly outlet: ImportOutlet
  readonly tally: ImportTally
  /** Lines before it were imported earlier. */
  readonly fromLine: number
  /** Aborted: what has been read is sent and acknowledged, and no more is read. */
  readonly signal: AbortSignal
  readonly onPortion: (bytesRead: number) => void
}

/**
 * Imports one file: lines to rows, rows to messages, messages through the stream's own pipeline, and what it accepts to
 * the outlet. What the pipeline would refuse is refused here, where its line is known.
 */
export class FileImport {
  readonly #file: ImportFile
  readonly #options: ImportOptions
  readonly #tally: FileTally
  readonly #reader: RecordReader
  readonly #mapper: LineMapper
  #rows: FileRecord[] = []
  #underway: Promise<void> = Promise.resolve()
  #resumeAt: number
  #isDamaged = false

  constructor(file: ImportFile, options: ImportOptions) {
    this.#file = file
    this.#options = options
    this.#tally = options.tally.add(file.name)
    const { mapping, columns, ignored, dataFrom } = options.understanding
    const emit = (record: FileRecord) => this.#rows.push(record)
    const { delimiter = ',' } = mapping
    this.#reader =
      mapping.format === 'ndjson'
        ? new NdjsonRecords({ columns, known: ignored, emit })
        : new CsvRecords({ delimiter, width: columns.length, emit })
    this.#mapper = createMapper(mapping, columns)
    this.#resumeAt = Math.max(dataFrom, options.fromLine)
  }

  /** The line from which to go on: all before it are acknowledged or refused. */
  get resumeAt(): number {
    return this.#resumeAt
  }

  /** Reads to the end, or to the signal, which stdin may keep waiting for a long time. */
  async run(): Promise<void> {
    const { signal, onPortion } = this.#options
    const portions = this.#file.portions()
    try {
      while (!signal.aborted) {
        const portion = await unlessAborted(signal, portions.next())
        if (portion === undefined) break
        if (portion.done) {
          await this.#finish()
          break
        }
        this.#take(portion.value)
        await this.#pass(this.#reader.openFrom ?? this.#tally.lines + 1)
        onPortion(portion.value.bytesRead)
      }
    } finally {
      await this.#underway
    }
  }

  async #finish(): Promise<void> {
    this.#reader.end()
    await this.#pass(this.#tally.lines + 1)
  }

  #take({ first, lines, isDamaged }: Portion): void {
    this.#isDamaged ||= isDamaged
    const from = Math.max(this.#options.understanding.dataFrom, this.#options.fromLine)
    for (let i = Math.max(0, from - first); i < lines.length; i++) {
      this.#reader.take(lines[i] as string | null, first + i)
    }
    this.#tally.lines = first + lines.length - 1
    this.#tally.blank = this.#reader.blank
    this.#tally.late = [...this.#reader.late]
  }

  // One portion is on its way while the next is read.
  async #pass(next: number): Promise<void> {
    const { outlet, tally } = this.#options
    const rows = this.#rows
    this.#rows = []
    const { messages, refused } = this.#sort(rows)
    await this.#underway
    this.#underway = outlet.send(messages).then(async () => {
      await outlet.keep(refused.map(({ row, reasons }) => this.#rejected(row, reasons)))
      for (const { row, reasons } of refused) tally.refuse(this.#tally, row.line, reasons)
      this.#tally.rows += rows.length
      this.#tally.accepted += messages.length
      this.#resumeAt = Math.max(this.#resumeAt, next)
    })
    // Awaited with the next portion; until then a fault is nobody's.
    this.#underway.catch(() => {})
  }

  #sort(rows: readonly FileRecord[]) {
    const refused: { row: FileRecord; reasons: readonly LineReject[] }[] = []
    const candidates: Candidate[] = []
    const timestampMs = Date.now()
    for (const row of rows) {
      const cells =
        this.#isDamaged && row.text.includes('\uFFFD') ? refuseLine('NOT_UTF8', 'line') : row.cells
      const mapped = cells.ok ? this.#mapper.map(cells.value) : cells
      if (mapped.ok) candidates.push(candidateOf(row, mapped.value, timestampMs))
      else refused.push({ row, reasons: mapped.reasons })
    }
    const { accepted, rejected, warnings } = runPipeline(candidates, this.#options.rules)
    for (const { record, reasons } of rejected) {
      refused.push({ row: (record as Candidate).row, reasons: this.#labelled(reasons) })
    }
    if (warnings > 0)
      for (const { record, payment } of accepted) this.#countNulls(record as Candidate, payment)
    const messages = accepted.map(({ record }) => this.#outgoing(record as Candidate))
    return { messages, refused: refused.toSorted((a, b) => a.row.line - b.row.line) }
  }

  #outgoing({ message, value }: Candidate): OutgoingMessage {
    return { key: message.txn_id, value: this.#options.outlet.encode?.(message) ?? value }
  }

  #labelled(reasons: readonly LineReject[]): LineReject[] {
    return reasons.map(({ code, detail }) => ({ code, detail: this.#mapper.labelOf(detail) }))
  }

  #countNulls({ message }: Candidate, payment: Payment): void {
    for (const field of OPTIONAL_FIELDS) {
      const isNulled = (message[field] ?? null) !== null && payment[field] === null
      if (isNulled) this.#options.tally.countNull(this.#mapper.labelOf(field))
    }
  }

  #rejected({ line, text }: FileRecord, reasons: readonly LineReject[]): RejectedLine {
    return { file: this.#file.name, line, reasons, text }
  }
}

// Raced against a promise of its own each time: one that lasts as long as the import would keep all that was read.
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  const stop = () => resolve(undefined)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const OPTIONAL_FIELDS = MESSAGE_FIELD_NAMES.filter(
  (name): name is OptionalField => !MESSAGE_FIELDS[name].required,
)

/** A row on its way through the pipeline, as Kafka would give it. */
interface Candidate extends KafkaRecord {
  readonly row: FileRecord
  readonly message: UpiMessage
  readonly value: Buffer
}

function candidateOf(row: FileRecord, message: UpiMessage, timestampMs: number): Candidate {
  const value = Buffer.from(JSON.stringify(message))
  return { partition: 0, offset: String(row.line), timestampMs, key: null, value, row, message }
}
