import type { KafkaRecord, Processor } from './processor.ts'
import { type CleanMessage, cleanMessage } from './processors/clean-message.ts'
import { decodeMessage } from './processors/decode-message.ts'
import { validateMessage } from './processors/validate-message.ts'

/** Processors in order, each taking what the one before it gives. */
export interface Pipeline<In, Out> {
  readonly processors: readonly Processor<never, unknown>[]
  /** Appends a processor; its input must be what the pipeline gives so far. */
  to<Next>(next: Processor<Out, Next>): Pipeline<In, Next>
}

/** The way of a message from bytes to a row: this list is the flow. */
export const PIPELINE: Pipeline<KafkaRecord, CleanMessage> = startWith(decodeMessage)
  .to(validateMessage)
  .to(cleanMessage)

function startWith<In, Out>(first: Processor<In, Out>): Pipeline<In, Out> {
  return join([first as Processor<never, unknown>])
}

function join<In, Out>(processors: readonly Processor<never, unknown>[]): Pipeline<In, Out> {
  return {
    processors,
    to: (next) => join([...processors, next as Processor<never, unknown>]),
  }
}
