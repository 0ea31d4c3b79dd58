/** Who is told of an alert; nobody, where none is set. */
export interface Contacts {
  /** Addresses, between commas or semicolons. */
  readonly email?: string
  readonly slackUrl?: string
  readonly pagerdutyKey?: string
  readonly webhookUrl?: string
}

/**
 * Grafana's provisioning file of contact points and notification policies: one contact point with exactly the ways
 * that are set. Written as JSON, which is YAML. It holds secrets: its reader alone may read the file.
 */
export function contactPointsFile(contacts: Contacts): string {
  const wanted = WAYS.filter(({ settings }) => settings(contacts) !== undefined)
  const receivers = wanted.map(({ uid, type, settings }) => {
    return { uid, type, settings: settings(contacts) }
  })
  const unwanted = WAYS.filter((way) => !wanted.includes(way))
  const isTold = receivers.length > 0
  const content = {
    apiVersion: 1,
    contactPoints: [{ orgId, name: POINT, receivers: isTold ? receivers : [NOBODY] }],
    // What an earlier start has made and is not set any more; Grafana would keep it for ever.
    deleteContactPoints: [...unwanted, ...(isTold ? [NOBODY] : [])].map(({ uid }) => {
      return { orgId, uid }
    }),
    muteTimes: [{ orgId, name: ALWAYS, time_intervals: [{ weekdays: ['sunday:saturday'] }] }],
    policies: [{ orgId, ...policy(isTold) }],
  }
  return `# Made at each start from the settings UPI_ALERT_….\n${JSON.stringify(content, null, 2)}\n`
}

const orgId = 1
const POINT = 'upi'
const ALWAYS = 'always'

interface Way {
  readonly uid: string
  readonly type: string
  settings(contacts: Contacts): Record<string, unknown> | undefined
}

const WAYS: readonly Way[] = [
  {
    uid: 'upi-email',
    type: 'email',
    settings: ({ email }) =>
      email === undefined
        ? undefined
        : { addresses: email.split(/[,;\s]+/).join(';'), singleEmail: true },
  },
  {
    uid: 'upi-slack',
    type: 'slack',
    settings: ({ slackUrl: url }) => (url === undefined ? undefined : { url }),
  },
  {
    uid: 'upi-pagerduty',
    type: 'pagerduty',
    // The words of our severities are PagerDuty's.
    settings: ({ pagerdutyKey: integrationKey }) =>
      integrationKey === undefined
        ? undefined
        : { integrationKey, severity: '{{ .CommonLabels.severity }}' },
  },
  {
    uid: 'upi-webhook',
    type: 'webhook',
    settings: ({ webhookUrl: url }) => (url === undefined ? undefined : { url }),
  },
]

// Grafana has no contact point without a way. This one is always muted: alerts are seen in Grafana, nothing is sent.
const NOBODY = {
  uid: 'upi-nobody',
  type: 'email',
  settings: { addresses: 'nobody@localhost' },
  disableResolveMessage: true,
}

// One message an alert, however many series it has; again while it lasts, the sooner the graver.
function policy(isTold: boolean) {
  const groups = { receiver: POINT, group_by: ['alertname'] }
  const pace = { group_wait: '30s', group_interval: '5m', repeat_interval: '4h' }
  const critical = {
    ...groups,
    object_matchers: [['severity', '=', 'critical']],
    repeat_interval: '1h',
  }
  const muted = {
    ...groups,
    object_matchers: [['alertname', '=~', '.+']],
    mute_time_intervals: [ALWAYS],
  }
  return { ...groups, ...pace, routes: [isTold ? critical : muted] }
}
