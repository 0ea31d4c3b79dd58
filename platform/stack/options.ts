import type { Contacts } from '../alert-contacts.ts'

/** All that the local stack must be told; nothing is read from the environment. Paths are absolute. */
export interface StackOptions {
  readonly home: string
  readonly cacheDir: string
  readonly portBase: number
  /** The root of the checkout, where node_modules is found. */
  readonly checkout: string
  readonly secrets: StackSecrets
  /** The caller's environment: fetching gets all of it (proxies, mirrors), servers only a few names of it. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly external?: ExternalServers
  readonly processes?: readonly ProcessSpec[]
  /** Which servers run; all, unless told. */
  readonly servers?: readonly ServerName[]
  /** Prometheus and Grafana; none, unless told. */
  readonly watchers?: Watchers
  /** After what silence a process hangs; HUNG_MS_MAX, unless told. */
  readonly hungMsMax?: number
}

export interface StackSecrets {
  readonly postgresPassword: string
  readonly registryPassword: string
}

export const SERVER_NAMES = ['postgres', 'kafka', 'registry', 'temporal'] as const
export type ServerName = (typeof SERVER_NAMES)[number]

/** What looks at the platform. It runs where it can be had; nothing else needs it. */
export interface Watchers {
  readonly names: readonly WatcherName[]
  /** Grafana's password for `admin` and the key of what it keeps encrypted. */
  readonly grafanaPassword: string
  readonly grafanaKey: string
  /** Postgres as role upi_report, for the dashboards; without it their panels of payments stay empty. */
  readonly reportUrl?: string
  readonly contacts: Contacts
}

export const WATCHER_NAMES = ['prometheus', 'grafana'] as const
export type WatcherName = (typeof WATCHER_NAMES)[number]

/** Servers that run elsewhere: they are probed, never started. */
export interface ExternalServers {
  readonly postgres?: { readonly url: string }
  readonly kafka?: ExternalKafka
  readonly registry?: { readonly url: string; readonly auth?: string }
  readonly temporal?: { readonly address: string }
  readonly prometheus?: { readonly url: string }
  readonly grafana?: { readonly url: string }
}

export interface ExternalKafka {
  readonly brokers: readonly string[]
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
}

/** One of the platform's own steps (done at exit 0) or processes (kept running). */
export interface ProcessSpec {
  readonly name: string
  readonly kind: 'step' | 'process'
  readonly argv: readonly [string, ...string[]]
  /** The complete environment; secrets go here, never into argv. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Names of servers and other specs that must be ready or done before. */
  readonly needs: readonly string[]
  /** A process is ready at the first 2xx of this address; without one, as soon as it runs. */
  readonly readyUrl?: string
  /** A process that answers nothing here for long hangs, and is started again. */
  readonly aliveUrl?: string
  readonly address?: string
  readonly version?: string
  /** Checked to be free before anything starts. */
  readonly ports?: readonly number[]
  readonly readyMsMax?: number
  readonly graceMsMax?: number
}
