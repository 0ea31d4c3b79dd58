import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Contacts, contactPointsFile } from './alert-contacts.ts'

const ALL: Contacts = {
  email: 'ops@bank.test,night@bank.test',
  slackUrl: 'https://hooks.slack.test/services/T0/B0/x',
  pagerdutyKey: 'abc123',
  webhookUrl: 'https://hooks.test/alerts?key=1',
}

const read = (contacts: Contacts) => parse(contactPointsFile(contacts))
const receivers = (contacts: Contacts) => read(contacts).contactPoints[0].receivers
const deleted = (contacts: Contacts) =>
  read(contacts).deleteContactPoints.map(({ uid }: { uid: string }) => uid)

test('each way that is set is one receiver of one contact point', () => {
  expect(receivers(ALL)).toEqual([
    {
      uid: 'upi-email',
      type: 'email',
      settings: { addresses: 'ops@bank.test;night@bank.test', singleEmail: true },
    },
    { uid: 'upi-slack', type: 'slack', settings: { url: ALL.slackUrl } },
    {
      uid: 'upi-pagerduty',
      type: 'pagerduty',
      settings: { integrationKey: 'abc123', severity: '{{ .CommonLabels.severity }}' },
    },
    { uid: 'upi-webhook', type: 'webhook', settings: { url: ALL.webhookUrl } },
  ])
  expect(deleted(ALL)).toEqual(['upi-nobody'])
})

test('a way that is not set is removed, if an earlier start has made it', () => {
  const contacts = { email: 'ops@bank.test' }
  expect(receivers(contacts)).toHaveLength(1)
  expect(deleted(contacts)).toEqual(['upi-slack', 'upi-pagerduty', 'upi-webhook', 'upi-nobody'])
})

test('critical alerts repeat every hour, others every four, one message an alert', () => {
  expect(read(ALL).policies).toEqual([
    {
      orgId: 1,
      receiver: 'upi',
      group_by: ['alertname'],
      group_wait: '30s',
      group_interval: '5m',
      repeat_interval: '4h',
      routes: [
        {
          receiver: 'upi',
          group_by: ['alertname'],
          object_matchers: [['severity', '=', 'critical']],
          repeat_interval: '1h',
        },
      ],
    },
  ])
})

test('where none is set every alert is muted, at all times', () => {
  const file = read({})
  expect(file.contactPoints[0].receivers.map(({ uid }: { uid: string }) => uid)).toEqual([
    'upi-nobody',
  ])
  expect(deleted({})).toEqual(['upi-email', 'upi-slack', 'upi-pagerduty', 'upi-webhook'])
  const [route] = file.policies[0].routes
  expect(route.object_matchers).toEqual([['alertname', '=~', '.+']])
  const [always] = file.muteTimes
  expect(route.mute_time_intervals).toEqual([always.name])
  expect(always.time_intervals).toEqual([{ weekdays: ['sunday:saturday'] }])
})

test('nothing in it begins a variable of Grafana', () => {
  expect(contactPointsFile(ALL)).not.toContain('$')
})
