import type { Alert, AlertGroup } from './alert.ts'
import { MODEL_ALERTS } from './model-alerts.ts'
import { SERVER_ALERTS } from './server-alerts.ts'
import { STREAM_ALERTS } from './stream-alerts.ts'
import { WORKFLOW_ALERTS } from './workflow-alerts.ts'

/** All that is watched. */
export const ALERT_GROUPS: readonly AlertGroup[] = [
  STREAM_ALERTS,
  MODEL_ALERTS,
  WORKFLOW_ALERTS,
  SERVER_ALERTS,
]

/** Every alert. */
export const ALERTS: readonly Alert[] = ALERT_GROUPS.flatMap(({ alerts }) => alerts)
