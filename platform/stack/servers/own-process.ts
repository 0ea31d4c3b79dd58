import type { Component } from '../component.ts'
import { STACK_MARK } from '../leftovers.ts'
import type { ProcessSpec, StackOptions } from '../options.ts'
import { probeAnswer, probeHttp } from '../probes.ts'

/** One of the platform's own steps and processes. */
export function createOwnProcess(spec: ProcessSpec, options: StackOptions): Component {
  const { name, kind, needs, readyUrl, aliveUrl } = spec
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
      const env = { ...spec.env, [STACK_MARK]: options.env[STACK_MARK] }
      return { command, args, env, cwd: options.checkout }
    },
    ...(readyUrl === undefined ? {} : { probe: () => probeHttp(readyUrl) }),
    ...(aliveUrl === undefined ? {} : { alive: (msMax) => probeAnswer(aliveUrl, msMax) }),
  }
}

const READY_MS_MAX = 60_000
const GRACE_MS_MAX = 10_000
