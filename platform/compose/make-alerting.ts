import { chmodSync, chownSync, copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contactPointsFile } from '../alert-contacts.ts'
import { alertContacts } from '../alert-settings.ts'
import { loadConfig } from '../config.ts'

/*
 * A one-shot job of docker-compose.yml: fills Grafana's folder of alerting with the rules of the first folder and, by
 * the settings UPI_ALERT_…, who is told. It holds secrets: only the group of the platform's image, which Grafana joins,
 * may read it.
 */
const [rules = '', folder = ''] = process.argv.slice(2)
chownSync(folder, -1, process.getgid?.() ?? -1)
chmodSync(folder, 0o750)
for (const name of readdirSync(folder)) rmSync(join(folder, name))
for (const name of readdirSync(rules)) {
  copyFileSync(join(rules, name), join(folder, name))
  chmodSync(join(folder, name), 0o440)
}
const contacts = contactPointsFile(alertContacts(loadConfig()))
writeFileSync(join(folder, 'contact-points.yaml'), contacts, { mode: 0o440 })
