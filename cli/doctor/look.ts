import { DOCTOR_ANSWER_MS_MAX } from '../../core/limits.ts'
import type { Finding } from '../../platform/stack/index.ts'

/** Something to mend, and how. */
export interface Fault {
  readonly text: string
  readonly fix: string
}

/** Looks at one thing: a sentence when it is well, else its faults; what is thrown is one too. */
export async function look(
  name: string,
  action: () => Promise<string | readonly Fault[]>,
): Promise<Finding[]> {
  const late = Promise.withResolvers<readonly Fault[]>()
  const timer = setTimeout(late.resolve, DOCTOR_ANSWER_MS_MAX, [
    { text: `no answer within ${DOCTOR_ANSWER_MS_MAX / 1000} s`, fix: 'see ./upi status' },
  ])
  try {
    const found = await Promise.race([action(), late.promise])
    if (typeof found === 'string') return [{ name, ok: true, text: found }]
    return found.map((fault) => ({ name, ok: false, ...fault }))
  } catch (fault) {
    const { message, fix } = fault as Error & { fix?: string }
    return [{ name, ok: false, text: message, ...(fix === undefined ? {} : { fix }) }]
  } finally {
    clearTimeout(timer)
  }
}
