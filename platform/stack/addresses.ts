/** Where each part of the stack listens: 20 ports from the base, all on loopback. */
export function stackAddresses(portBase: number): StackAddresses {
  const at = (offset: number) => ({ host: '127.0.0.1', port: portBase + offset })
  return {
    postgres: at(0),
    kafka: at(1),
    kafkaController: at(2),
    registry: at(3),
    temporal: at(4),
    temporalUi: at(5),
    api: at(6),
    grafana: at(7),
    prometheus: at(8),
    metrics: [at(10), at(11), at(12), at(13), at(14)],
    temporalHttp: at(15),
    temporalMetrics: at(16),
  }
}

export interface Address {
  readonly host: string
  readonly port: number
}

export type StackAddresses = Record<
  | 'postgres'
  | 'kafka'
  | 'kafkaController'
  | 'registry'
  | 'temporal'
  | 'temporalUi'
  | 'api'
  | 'grafana'
  | 'prometheus'
  | 'temporalHttp'
  | 'temporalMetrics',
  Address
> & { readonly metrics: readonly Address[] }

/** `host:port`, as clients want it. */
export function addressText(address: Address): string {
  return `${address.host}:${address.port}`
}
