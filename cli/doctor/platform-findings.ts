import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DISK_FREE_RATIO_MIN } from '../../core/alert-bounds.ts'
import type { Config } from '../../platform/config.ts'
import { diskFacts } from '../../platform/facts/disk-facts.ts'
import {
  type Finding,
  isOver,
  readState,
  type StackOptions,
  type StackState,
} from '../../platform/stack/index.ts'
import { kafkaFindings } from './kafka-findings.ts'
import { type Fault, look } from './look.ts'
import { partFaults } from './part-faults.ts'
import { postgresFindings } from './postgres-findings.ts'
import { registryFindings } from './registry-findings.ts'
import { temporalFindings } from './temporal-findings.ts'

/** Looks at what runs: the parts of this stack, and every server that it has or that the settings name. */
export async function platformFindings(config: Config, options: StackOptions): Promise<Finding[]> {
  const state = readState(options.home)
  const isLive = state !== undefined && !isOver(state.phase)
  const isThere = (name: 'postgres' | 'kafka' | 'registry' | 'temporal') =>
    options.external?.[name] !== undefined ||
    (isLive && state.components.some((component) => component.name === name))
  const stored = isThere('postgres') ? await postgresFindings(config) : []
  const hasPostgres = stored.some(({ name, ok }) => name === 'migrations' && ok)
  const found = await Promise.all([
    look('secrets', async () => secrets(config)),
    look('room', () => room(config)),
    ...(state === undefined ? [] : [look('parts', () => parts(state))]),
    stored,
    ...(isThere('kafka') ? [kafkaFindings(config, { hasPostgres })] : []),
    ...(isThere('registry') ? [registryFindings(config)] : []),
    ...(isThere('temporal') ? [temporalFindings(config)] : []),
  ])
  return found.flat()
}

function secrets({ home }: Config): string | readonly Fault[] {
  const path = join(home, 'secrets.json')
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  if (mode === undefined) return 'none made yet'
  if ((mode & 0o077) === 0) return 'for their owner alone'
  const shown = (mode & 0o777).toString(8)
  return [{ text: `${path} may be read by others (mode ${shown})`, fix: `chmod 600 ${path}` }]
}

async function room({ home, backupDir, lakeDir }: Config): Promise<string | readonly Fault[]> {
  const folders = diskFacts({ UPI_HOME: home, UPI_BACKUP_DIR: backupDir, UPI_LAKE_DIR: lakeDir })
  const { upi_disk_free_bytes: free = [], upi_disk_size_bytes: sizes = [] } = await folders.read()
  const shares = free.map(([bytes, labels = {}], at) => ({
    name: labels.folder,
    share: bytes / (sizes[at]?.[0] ?? 1),
  }))
  const low = shares.filter(({ share }) => share < DISK_FREE_RATIO_MIN)
  const percent = (share: number) => `${Math.floor(share * 100)} %`
  if (low.length === 0) return `${percent(Math.min(...shares.map(({ share }) => share)))} free`
  return low.map(({ name, share }) => ({
    text: `the disk of ${name} has ${percent(share)} free`,
    fix: 'free some space, or see ./upi backup list',
  }))
}

async function parts(state: StackState): Promise<string | readonly Fault[]> {
  if (state.phase === 'stopped') return 'stopped; ./upi up starts them'
  if (state.phase === 'lost') {
    return [{ text: 'the supervisor was killed', fix: './upi up cleans up and starts again' }]
  }
  if (state.phase === 'failed') {
    const { message = 'the last start failed', fix = 'see ./upi logs' } = state.failure ?? {}
    return [{ text: message, fix }]
  }
  const bad = await partFaults(state)
  return bad.length > 0 ? bad : `${state.components.length} ready`
}
