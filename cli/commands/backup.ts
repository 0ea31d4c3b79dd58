import type { Command } from 'commander'
import { EXIT_INTERRUPTED, UpiError } from '../../core/errors.ts'
import {
  backupFolder,
  type FoundBackup,
  listBackups,
  readRecord,
} from '../../platform/backup/backup-folder.ts'
import { loadConfig, need } from '../../platform/config.ts'
import { folder } from '../../platform/setting.ts'
import { newCommand, subCommand } from '../command.ts'
import {
  formatBytes,
  formatSpan,
  note,
  Progress,
  paint,
  print,
  printJson,
  printTable,
} from '../output.ts'

/** `./upi backup` */
export function backupCommand(): Command {
  const command = newCommand('backup', 'Base backups of Postgres: run, list, verify, restore.')
  subCommand(command, 'run', 'Take a base backup through Temporal, verify it, remove the oldest.')
    .option('--again', 'one more, though one of this date is there')
    .option('--json', 'print for machines')
    .addHelpText('after', RUN_HELP)
    .action(run)
  subCommand(command, 'list', 'Show the backups of this machine, oldest first.')
    .option('--json', 'print for machines')
    .action(list)
  subCommand(command, 'verify', 'Read all of a backup and compare it with its checksums.')
    .argument('[backup]', 'its name as list shows it, or its folder; by default the newest')
    .option('--json', 'print for machines')
    .action(verify)
  subCommand(command, 'restore', 'Make a data folder of a backup; nothing is overwritten.')
    .argument('[backup]', 'its name as list shows it, or its folder; by default the newest')
    .option('--to <folder>', 'the data folder to make: missing, or empty', folder)
    .option('--home <folder>', 'a home of the local stack whose Postgres has no data', folder)
    .option('--json', 'print for machines')
    .action(restore)
  return command
}

const RUN_HELP = `
Ctrl-C leaves it running. In the Temporal UI: workflow backup on task queue upi-heavy, id backup/<date>, input
{"date": "2026-02-01", "again": true, "actor": "asha"}, all optional: the date is its name, by default the day that ended.`

async function run(options: { again?: boolean; json?: boolean }): Promise<void> {
  const { runBackup } = await import('../run-backup.ts')
  const result = await runBackup(loadConfig(), options.again === true)
  if (options.json === true) {
    printJson(result)
    return
  }
  const { name, state, bytes, cluster_bytes, system_id, stop_lsn, removed } = result
  if (state === 'there') {
    print(`${paint('bold', name)}  is there already; --again takes one more`)
    return
  }
  const span = formatSpan(Date.parse(result.ended_at) - Date.parse(result.began_at))
  const sizes = `${formatBytes(bytes)} of ${formatBytes(cluster_bytes)}`
  print(`${paint('bold', name)}  ${paint('green', 'verified')}  ${sizes} in ${span}`)
  print(`cluster ${system_id} up to ${stop_lsn}`)
  if (removed.length > 0) print(`removed ${removed.join(', ')}`)
}

function list(options: { json?: boolean }): void {
  const { backupDir } = need(loadConfig(), 'backupDir')
  const found = listBackups(backupDir)
  if (options.json === true) {
    printJson(found.map(({ record, ...rest }) => ({ ...rest, ...record })))
    return
  }
  printTable(found, [
    { title: 'backup', value: ({ name }) => name },
    { title: 'taken', value: ({ record }) => record?.ended_at.slice(0, 19) },
    { title: 'size', value: ({ record }) => sizeOf(record?.bytes), align: 'right' },
    { title: 'cluster', value: ({ record }) => sizeOf(record?.cluster_bytes), align: 'right' },
    { title: 'up to', value: ({ record }) => record?.stop_lsn },
    { title: 'state', value: stateOf },
  ])
  note(found.length === 0 ? `no backups in ${backupDir}` : `in ${backupDir}`)
}

function sizeOf(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : formatBytes(bytes)
}

function stateOf(found: FoundBackup): string {
  if (found.record === undefined) return found.fault
  return found.record.checksums ? 'whole' : 'whole; pages without checksums'
}

async function verify(named: string | undefined, options: { json?: boolean }): Promise<void> {
  const { verifyBackup } = await import('../../platform/backup/verify-backup.ts')
  const place = placeOf(named)
  const { cluster_bytes } = readRecord(place)
  const verified = await withProgress('verifying', cluster_bytes, (progress) =>
    verifyBackup(place, progress),
  )
  if (verified === undefined) return
  const { record, files, faults } = verified
  if (options.json === true) printJson({ folder: place, files, faults, ...record })
  for (const fault of options.json === true ? [] : faults.slice(0, FAULTS_SHOWN_MAX)) print(fault)
  if (faults.length > 0) {
    throw new UpiError('BACKUP_BROKEN', `${place} is broken: ${faults.length} faults`, {
      fix: 'use another backup',
    })
  }
  if (options.json === true) return
  const sizes = `${files} files, ${formatBytes(cluster_bytes)}`
  print(`${paint('bold', record.name)}  ${paint('green', 'whole')}  ${sizes}`)
}

const FAULTS_SHOWN_MAX = 20

interface RestoreOptions {
  to?: string
  home?: string
  json?: boolean
}

async function restore(named: string | undefined, options: RestoreOptions): Promise<void> {
  const place = placeOf(named)
  const { cluster_bytes } = readRecord(place)
  const { restoreTarget, restoreTo } = await import('../restore-backup.ts')
  const target = restoreTarget(options)
  const record = await withProgress('restoring', cluster_bytes, (progress) =>
    restoreTo(place, target, progress),
  )
  if (record === undefined) return
  if (options.json === true) {
    printJson({ folder: place, target, ...record })
    return
  }
  print(`${paint('bold', record.name)}  ${paint('green', 'restored')}  to ${target}`)
  const next = options.home === undefined ? `Postgres ${record.server_version} on it` : './upi up'
  print(`Start ${next}: it replays the log up to ${record.stop_lsn} and is open.`)
}

function placeOf(named: string | undefined): string {
  return backupFolder(need(loadConfig(), 'backupDir').backupDir, named)
}

interface Following {
  readonly signal: AbortSignal
  readonly onBytes: (bytes: number) => void
}

/** Does long work, showing how far it is; nothing if Ctrl-C has ended it. */
async function withProgress<T>(
  doing: string,
  of: number,
  work: (following: Following) => Promise<T>,
): Promise<T | undefined> {
  const progress = new Progress()
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  let shownAt = performance.now()
  try {
    return await work({
      signal: stop.signal,
      onBytes: (bytes) => {
        if (performance.now() - shownAt < SHOW_EVERY_MS) return
        shownAt = performance.now()
        progress.update(`${doing}: ${formatBytes(bytes)} of ${formatBytes(of)}`)
      },
    })
  } catch (fault) {
    if (!stop.signal.aborted) throw fault
    note('interrupted')
    process.exitCode = EXIT_INTERRUPTED
    return undefined
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    progress.done()
  }
}

const SHOW_EVERY_MS = 100
