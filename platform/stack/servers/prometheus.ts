import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { type Address, addressText, stackAddresses } from '../addresses.ts'
import type { Component, Launch } from '../component.ts'
import { fetchPrometheus } from '../fetch/prometheus.ts'
import { homePaths } from '../home.ts'
import type { StackOptions } from '../options.ts'
import { checkPorts } from '../ports.ts'
import { probeAnswer, probeHttp } from '../probes.ts'
import { PROMETHEUS_FLAGS, PROMETHEUS_SETTINGS, STACK_VERSIONS } from '../settings.ts'
import { serverEnvironment } from './server-environment.ts'

/** Prometheus, which scrapes the processes of this stack and evaluates the rules. */
export function createPrometheus(options: StackOptions): Component {
  const { prometheus } = stackAddresses(options.portBase)
  return {
    name: 'prometheus',
    kind: 'server',
    external: false,
    optional: true,
    needs: [],
    address: `http://${addressText(prometheus)}`,
    version: STACK_VERSIONS.prometheus,
    ports: [prometheus.port],
    readyMsMax: READY_MS_MAX,
    graceMsMax: GRACE_MS_MAX,
    stopSignal: 'SIGTERM',
    fetch: fetchPrometheus,
    async prepare({ fetched }) {
      await checkPorts([prometheus.port])
      return launch(options, join(fetched?.folder ?? '', 'prometheus'))
    },
    probe: () => probeHttp(`http://${addressText(prometheus)}/-/ready`),
    alive: (msMax) => probeAnswer(`http://${addressText(prometheus)}/-/healthy`, msMax),
  }
}

// After a crash its write-ahead log is read again.
const READY_MS_MAX = 120_000
const GRACE_MS_MAX = 10_000

function launch(options: StackOptions, command: string): Launch {
  const { prometheus } = stackAddresses(options.portBase)
  const folder = homePaths(options.home).prometheus
  const source = join(options.checkout, 'grafana/prometheus')
  mkdirSync(folder, { recursive: true })
  const config = localScrapes(readFileSync(join(source, 'prometheus.yml'), 'utf8'), options)
  writeFileSync(join(folder, 'prometheus.yml'), config)
  copyFileSync(join(source, 'rules.yml'), join(folder, 'rules.yml'))
  return {
    command,
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      ...PROMETHEUS_FLAGS,
      `--web.listen-address=${addressText(prometheus)}`,
      '--log.level=warn',
    ],
    env: { ...serverEnvironment(options.env), ...PROMETHEUS_SETTINGS },
    cwd: folder,
  }
}

/** The scrape configuration of docker-compose.yml with the addresses of this stack; what runs elsewhere is left out. */
export function localScrapes(
  text: string,
  { portBase, external }: Pick<StackOptions, 'portBase' | 'external'>,
): string {
  const { metrics, prometheus, temporalMetrics } = stackAddresses(portBase)
  const places: Record<string, Address | undefined> = {
    stream: metrics[0],
    worker: metrics[1],
    prometheus,
    temporal: external?.temporal === undefined ? temporalMetrics : undefined,
  }
  const targets = text.replace(/'(\w+):\d+'/g, (_, service: string) => {
    if (!(service in places)) throw new UpiError('BUG', `${service} has no address of its own`)
    const place = places[service]
    return place === undefined ? '' : `'${addressText(place)}'`
  })
  return `# Made at each start from grafana/prometheus/prometheus.yml.\n${targets.replace(/^#.*\n/, '')}`
}
