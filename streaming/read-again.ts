import type { Payment } from '../core/payment.ts'
import { accept, type Result } from '../core/result.ts'
import type { KafkaRecord, Rules } from './processor.ts'
import { schemaIdOf } from './processors/decode-message.ts'
import { type Outcome, runPipeline } from './run-pipeline.ts'

/** Asks for a schema that messages name, so that the rules know it. */
export type LoadSchema = (id: number) => Promise<unknown>

/** Runs messages through the processors again, once every schema that they name is loaded. */
export async function runAgain(
  messages: readonly KafkaRecord[],
  { rules, loadSchema }: { rules: Rules; loadSchema: LoadSchema },
): Promise<Outcome> {
  const ids = new Set(messages.map(({ value }) => schemaIdOf(value)))
  ids.delete(undefined)
  for (const id of ids) await loadSchema(id as number)
  return runPipeline(messages, rules)
}

/**
 * Makes what reads messages of raw again: the same processors under the rules given, an outcome for each message, in
 * order. `loadSchema` is called for every schema that they name, before the first is read.
 */
export function createReadAgain(rules: Rules, loadSchema: LoadSchema) {
  return async (messages: readonly KafkaRecord[]): Promise<Result<Payment>[]> => {
    const { accepted, rejected } = await runAgain(messages, { rules, loadSchema })
    const results = new Map<KafkaRecord, Result<Payment>>()
    for (const { record, payment } of accepted) results.set(record, accept(payment))
    for (const { record, reasons } of rejected) results.set(record, { ok: false, reasons })
    return messages.map((message) => results.get(message) as Result<Payment>)
  }
}

/**
 * The same for messages that were accepted once: what the present rules would refuse is read by the newest of the
 * recorded ones that takes it, for to raise a limit, load history and lower it again must not make the history vanish.
 */
export function createReadAccepted(
  rules: readonly [present: Rules, ...recorded: Rules[]],
  loadSchema: LoadSchema,
) {
  const [present, ...recorded] = rules.map((each) => createReadAgain(each, loadSchema)) as [
    ReturnType<typeof createReadAgain>,
    ...ReturnType<typeof createReadAgain>[],
  ]
  return async (messages: readonly KafkaRecord[]): Promise<Result<Payment>[]> => {
    const results = await present(messages)
    for (const readAgain of recorded) {
      const refused = [...results.keys()].filter((index) => !results[index]?.ok)
      if (refused.length === 0) break
      const again = await readAgain(refused.map((index) => messages[index] as KafkaRecord))
      for (const [i, index] of refused.entries()) {
        if (again[i]?.ok) results[index] = again[i]
      }
    }
    return results
  }
}
