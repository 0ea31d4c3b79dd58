import { ApplicationFailure } from '@temporalio/common'
import { type BusinessDate, isDate } from '../../core/time.ts'

/**
 * What a workflow was started with, once it has no fields but those that it knows: in the Temporal UI anything can be
 * typed, and for a misspelt field the default would be taken unheard.
 */
export function fieldsOf<Input extends object>(
  input: Input | null | undefined,
  known: readonly (keyof Input & string)[],
): Partial<Input> {
  const given: unknown = input ?? {}
  const words = `give an object with ${known.join(', ')}`
  if (typeof given !== 'object' || Array.isArray(given)) refuse(`the input is no object: ${words}`)
  const unknown = Object.keys(given as object).find((name) => !known.includes(name as never))
  if (unknown !== undefined) refuse(`there is no field '${unknown}': ${words}`)
  return given as Partial<Input>
}

/** The day that was given, once it is one: what was typed may be of any type. */
export function dayOf(given: unknown): BusinessDate {
  if (typeof given === 'string' && isDate(given)) return given
  refuse(`'${given}' is not a day such as 2026-02-01`)
}

/** Ends a run whose input it would misunderstand. */
export function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(message, 'OPTION_INVALID')
}
