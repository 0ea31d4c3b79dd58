import type { Contacts } from './alert-contacts.ts'
import type { Config } from './config.ts'

/** Whom the settings want to be told of alerts. */
export function alertContacts(config: Config): Contacts {
  const { alertEmail, alertSlackUrl, alertPagerdutyKey, alertWebhookUrl } = config
  return {
    ...(alertEmail === undefined ? {} : { email: alertEmail }),
    ...(alertSlackUrl === undefined ? {} : { slackUrl: alertSlackUrl }),
    ...(alertPagerdutyKey === undefined ? {} : { pagerdutyKey: alertPagerdutyKey }),
    ...(alertWebhookUrl === undefined ? {} : { webhookUrl: alertWebhookUrl }),
  }
}
