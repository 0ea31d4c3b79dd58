import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { contactPointsFile } from '../../alert-contacts.ts'
import { addressText, stackAddresses } from '../addresses.ts'
import type { StackOptions, Watchers } from '../options.ts'

/** Writes Grafana's provisioning folder anew: that of docker-compose.yml, with the places of this machine. */
export function writeProvisioning(
  folder: string,
  options: Pick<StackOptions, 'checkout' | 'portBase' | 'external'>,
  watchers: Watchers,
): void {
  const source = join(options.checkout, 'grafana/provisioning')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { mode: 0o700 })
  // Grafana complains of those that are missing.
  for (const name of ['plugins', 'access-control']) mkdirSync(join(folder, name))
  const places = new Places(localPlaces(options, watchers))
  for (const kind of ['datasources', 'dashboards', 'alerting']) {
    mkdirSync(join(folder, kind))
    for (const name of readdirSync(join(source, kind))) {
      const text = readFileSync(join(source, kind, name), 'utf8')
      const local = kind === 'alerting' ? text : places.put(text)
      writeFileSync(join(folder, kind, name), local, { mode: 0o600 })
    }
  }
  places.checkAll()
  const contacts = contactPointsFile(watchers.contacts)
  writeFileSync(join(folder, 'alerting', 'contact-points.yaml'), contacts, { mode: 0o600 })
}

/** What stands in the repository's files, and what takes its place here. */
function localPlaces(
  { checkout, portBase, external }: Pick<StackOptions, 'checkout' | 'portBase' | 'external'>,
  { reportUrl }: Watchers,
): Record<string, Record<string, string>> {
  const { postgres, prometheus } = stackAddresses(portBase)
  const url = new URL(reportUrl ?? `postgres://upi_report@${addressText(postgres)}/upi`)
  const prometheusUrl = external?.prometheus?.url ?? `http://${addressText(prometheus)}`
  const rootCertificate = url.searchParams.get('sslrootcert')
  return {
    'url: postgres:5432': { url: `${url.hostname}:${url.port || 5432}` },
    'user: upi_report': { user: decodeURIComponent(url.username) },
    'database: upi': { database: decodeURIComponent(url.pathname.slice(1)) },
    'sslmode: disable': {
      sslmode: url.searchParams.get('sslmode') ?? 'disable',
      ...(rootCertificate === null
        ? {}
        : { tlsConfigurationMethod: 'file-path', sslRootCertFile: rootCertificate }),
    },
    'password: $__file{/run/secrets/report_password}': {
      password: decodeURIComponent(url.password),
    },
    'url: http://prometheus:9090': { url: prometheusUrl },
    'path: /etc/grafana/dashboards': { path: join(checkout, 'grafana/dashboards') },
  }
}

/** Puts places into files line by line, and knows which it has put. */
class Places {
  readonly #places: Map<string, Record<string, string>>
  readonly #put = new Set<string>()

  constructor(places: Record<string, Record<string, string>>) {
    this.#places = new Map(Object.entries(places))
  }

  put(text: string): string {
    return text.replace(/^( *)(\S.*)$/gm, (line, indent: string, content: string) => {
      const place = this.#places.get(content)
      if (place === undefined) return line
      this.#put.add(content)
      const entries = Object.entries(place)
      return entries.map(([name, value]) => `${indent}${name}: ${scalar(value)}`).join('\n')
    })
  }

  checkAll(): void {
    const missing = [...this.#places.keys()].filter((content) => !this.#put.has(content))
    if (missing.length === 0) return
    throw new UpiError('BUG', `grafana/provisioning has no line '${missing.join("', '")}'`)
  }
}

// Grafana takes $ for the begin of a variable, and $$ for $.
function scalar(value: string): string {
  return JSON.stringify(value.replaceAll('$', '$$$$'))
}
