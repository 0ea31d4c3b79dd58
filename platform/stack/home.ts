import { join } from 'node:path'

/** Every path that the stack uses under its home folder. */
export function homePaths(home: string): HomePaths {
  return {
    state: join(home, 'state.json'),
    logs: join(home, 'logs'),
    run: join(home, 'run'),
    lock: join(home, 'run', 'supervisor.lock'),
    stackId: join(home, 'run', 'stack-id'),
    postgres: join(home, 'postgres'),
    kafka: join(home, 'kafka'),
    registry: join(home, 'registry'),
    temporal: join(home, 'temporal'),
    prometheus: join(home, 'prometheus'),
    grafana: join(home, 'grafana'),
  }
}

export type HomePaths = Record<
  | 'state'
  | 'logs'
  | 'run'
  | 'lock'
  | 'stackId'
  | 'postgres'
  | 'kafka'
  | 'registry'
  | 'temporal'
  | 'prometheus'
  | 'grafana',
  string
>

/** Where the output of a component goes. */
export function logFile(home: string, name: string): string {
  return join(homePaths(home).logs, `${name}.log`)
}
