import { proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { Activities, RefreshResult } from '../activities/index.ts'
import { LONG } from './activity-options.ts'
import { fieldsOf } from './steps/fields-of.ts'

const { refreshDirty: buildDirty } = proxyActivities<Activities>(LONG)

export interface RefreshDirtyInput {
  /** Who asks, for the ledger. */
  readonly actor?: string
}

/**
 * Builds what is dirty, newest day first, each key no sooner than ten times its last build after it; tells what was
 * built, and what waits and why. It closes no day; one that was closed and changes becomes revised.
 * Id: `refresh-dirty`. Input: `{"actor": "asha"}`, optional.
 */
export async function refreshDirty(input?: RefreshDirtyInput | null): Promise<RefreshResult> {
  const { actor = 'temporal' } = fieldsOf(input, ['actor'])
  setCurrentDetails('Building what is dirty.')
  const result = await buildDirty({ actor })
  setCurrentDetails(detailsOf(result))
  return result
}

function detailsOf({ built, failed, waiting }: RefreshResult): string {
  const lines = [
    ...built.map(({ key, changed }) => `- \`${key}\` built${changed ? '' : ', nothing changed'}`),
    ...failed.map(({ key, error }) => `- \`${key}\` **failed**: ${error}`),
    ...waiting.map(({ key, reason, until }) => {
      return `- \`${key}\` waits: ${reason}${until === undefined ? '' : `, until ${until}`}`
    }),
  ]
  return lines.length === 0 ? 'Nothing is dirty.' : lines.join('\n')
}
