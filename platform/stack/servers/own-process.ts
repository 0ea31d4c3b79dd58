import type { Component } from '../component.ts'
import type { ProcessSpec } from '../options.ts'
import { probeHttp } from '../probes.ts'

/** One of the platform's own steps and processes. */
export function createOwnProcess(spec: ProcessSpec, checkout: string): Component {
  const { name, kind, needs, readyUrl } = spec
  const [command, ...args] = spec.argv
  return {
    name,
    kind,
    external: false,
    needs,
    address: spec.address ?? '',
    version: spec.version ?? '',
    ports: spec.ports ?? [],
    readyMsMax: spec.readyMsMax ?? READY_MS_MAX,
    graceMsMax: spec.graceMsMax ?? GRACE_MS_MAX,
    stopSignal: 'SIGTERM',
    async prepare() {
      return { command, args, env: spec.env, cwd: checkout }
    },
    ...(readyUrl === undefined ? {} : { probe: () => probeHttp(readyUrl) }),
  }
}

const READY_MS_MAX = 60_000
const GRACE_MS_MAX = 10_000
