import type { Payment } from '../core/payment.ts'
import { type Reject, type Result, refuse } from '../core/result.ts'
import { PIPELINE } from './pipeline.ts'
import type { KafkaRecord, Rules } from './processor.ts'
import type { CleanMessage } from './processors/clean-message.ts'

/** What became of the messages of a batch; every record is in just one of the two lists, in offset order. */
export interface Outcome {
  readonly accepted: readonly { readonly record: KafkaRecord; readonly payment: Payment }[]
  readonly rejected: readonly {
    readonly record: KafkaRecord
    readonly reasons: readonly Reject[]
  }[]
  /** How many optional fields were malformed and became null. */
  readonly warnings: number
  /** What a processor threw, of the first such message: a bug of ours, to be logged. */
  readonly fault?: unknown
}

/** Runs every record through the pipeline. Routes rejects; a processor that throws costs its own message only. */
export function runPipeline(records: readonly KafkaRecord[], rules: Rules): Outcome {
  const accepted: { record: KafkaRecord; payment: Payment }[] = []
  const rejected: { record: KafkaRecord; reasons: readonly Reject[] }[] = []
  let warnings = 0
  let fault: unknown
  const onThrow = (thrown: unknown) => {
    fault ??= thrown
  }
  for (const record of records) {
    const result = runRecord(record, rules, onThrow)
    if (result.ok) {
      accepted.push({ record, payment: result.value.payment })
      warnings += result.value.warnings.length
    } else rejected.push({ record, reasons: result.reasons })
  }
  return { accepted, rejected, warnings, ...(fault === undefined ? {} : { fault }) }
}

/** What became of messages that were run in parts. */
export function joinOutcomes(parts: readonly Outcome[]): Outcome {
  const fault = parts.find((part) => part.fault !== undefined)?.fault
  return {
    accepted: parts.flatMap(({ accepted }) => accepted),
    rejected: parts.flatMap(({ rejected }) => rejected),
    warnings: parts.reduce((sum, { warnings }) => sum + warnings, 0),
    ...(fault === undefined ? {} : { fault }),
  }
}

function runRecord(
  record: KafkaRecord,
  rules: Rules,
  onThrow: (thrown: unknown) => void,
): Result<CleanMessage> {
  let value: unknown = record
  for (const processor of PIPELINE.processors) {
    try {
      const result = processor.process(value as never, rules)
      if (!result.ok) return result
      value = result.value
    } catch (thrown) {
      onThrow(thrown)
      return refuse('INTERNAL', `exception in ${processor.name}`)
    }
  }
  // The pipeline's type, checked where it is joined, says what its last processor gives.
  return { ok: true, value: value as CleanMessage }
}
