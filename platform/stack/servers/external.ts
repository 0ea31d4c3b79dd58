import type { ErrorCode } from '../../../core/errors.ts'
import type { Component } from '../component.ts'
import {
  type ExternalServers,
  type ServerName,
  WATCHER_NAMES,
  type WatcherName,
} from '../options.ts'
import { probeExternalKafka, probePostgres, probeTcp, probeWeb } from '../probes.ts'

/** A server that runs elsewhere: asked now and then whether it is there. */
export function createExternal(
  name: ServerName | WatcherName,
  external: ExternalServers,
): Component | undefined {
  const place = placeOf(name, external)
  if (place === undefined) return undefined
  const isOptional = WATCHER_NAMES.some((each) => each === name)
  return {
    name,
    kind: 'server',
    external: true,
    ...(isOptional ? { optional: true } : {}),
    needs: [],
    address: place.address,
    unavailable: UNAVAILABLE[name],
    version: '',
    ports: [],
    readyMsMax: READY_MS_MAX,
    graceMsMax: 0,
    stopSignal: 'SIGTERM',
    probe: place.probe,
  }
}

const READY_MS_MAX = 30_000

const UNAVAILABLE: Record<ServerName | WatcherName, ErrorCode> = {
  postgres: 'POSTGRES_UNAVAILABLE',
  kafka: 'KAFKA_UNAVAILABLE',
  registry: 'REGISTRY_UNAVAILABLE',
  temporal: 'TEMPORAL_UNAVAILABLE',
  prometheus: 'COMPONENT_FAILED',
  grafana: 'COMPONENT_FAILED',
}

interface Place {
  readonly address: string
  probe(): Promise<void>
}

function placeOf(name: ServerName | WatcherName, external: ExternalServers): Place | undefined {
  const { postgres, kafka, registry, temporal, prometheus, grafana } = external
  const places: Record<ServerName | WatcherName, (() => Place) | undefined> = {
    postgres: postgres && (() => postgresPlace(postgres.url)),
    kafka:
      kafka &&
      (() => ({ address: kafka.brokers.join(','), probe: () => probeExternalKafka(kafka) })),
    registry: registry && (() => httpPlace(registry)),
    temporal: temporal && (() => tcpPlace(temporal.address)),
    prometheus: prometheus && (() => httpPlace(prometheus)),
    grafana: grafana && (() => httpPlace(grafana)),
  }
  return places[name]?.()
}

// The address is shown and logged: what stands before the @ is not for showing.
function postgresPlace(url: string): Place {
  const { host, pathname } = new URL(url)
  return { address: `${host}${pathname}`, probe: () => probePostgres(url) }
}

function httpPlace({ url, auth }: { url: string; auth?: string }): Place {
  return { address: new URL(url).origin, probe: () => probeWeb(url, auth) }
}

function tcpPlace(address: string): Place {
  const { hostname, port } = new URL(`tcp://${address}`)
  return { address, probe: () => probeTcp(hostname, Number(port)) }
}
