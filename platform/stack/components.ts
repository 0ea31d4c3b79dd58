import type { Component } from './component.ts'
import { SERVER_NAMES, type ServerName, type StackOptions, type WatcherName } from './options.ts'
import { startOrder } from './plan.ts'
import { createExternal } from './servers/external.ts'
import { createGrafana } from './servers/grafana.ts'
import { createKafka } from './servers/kafka.ts'
import { createOwnProcess } from './servers/own-process.ts'
import { createPostgres } from './servers/postgres.ts'
import { createPrometheus } from './servers/prometheus.ts'
import { createRegistry } from './servers/registry.ts'
import { createTemporal } from './servers/temporal.ts'

/** Everything that this stack consists of, in the order of the start. */
export function stackComponents(options: StackOptions): Component[] {
  const names = [...(options.servers ?? SERVER_NAMES), ...(options.watchers?.names ?? [])]
  const servers = names.map((name) => createServer(name, options))
  const own = (options.processes ?? []).map((spec) => createOwnProcess(spec, options))
  return startOrder([...servers, ...own])
}

function createServer(name: ServerName | WatcherName, options: StackOptions): Component {
  const external = options.external && createExternal(name, options.external)
  return external ?? CREATE[name](options)
}

const CREATE: Record<ServerName | WatcherName, (options: StackOptions) => Component> = {
  postgres: createPostgres,
  kafka: createKafka,
  registry: createRegistry,
  temporal: createTemporal,
  prometheus: createPrometheus,
  grafana: createGrafana,
}
