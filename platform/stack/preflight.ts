import { accessSync, chmodSync, constants, existsSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../../core/errors.ts'
import { DISK_FREE_BYTES_MIN, FETCH_FREE_BYTES_MIN } from '../../core/stack-limits.ts'
import { makeFolder, nearestFolder } from '../make-folder.ts'
import type { Component } from './component.ts'
import { KAFKA_PART, REGISTRY_PART } from './fetch/parts.ts'
import { TEMPORAL_PART } from './fetch/temporal.ts'
import { homePaths } from './home.ts'
import type { StackOptions } from './options.ts'
import { checkPorts } from './ports.ts'

/** Refuses a start that cannot succeed, before anything is started or fetched. */
export async function preflight(
  options: StackOptions,
  components: readonly Component[],
): Promise<void> {
  const needed = components.filter(({ optional }) => optional === undefined)
  await checkPorts(needed.flatMap(({ ports }) => ports))
  checkSpace(options.home, DISK_FREE_BYTES_MIN, 'UPI_HOME')
  const mustFetch = needed.some(({ fetch }) => fetch !== undefined) && !isCached(options)
  checkSpace(options.cacheDir, mustFetch ? FETCH_FREE_BYTES_MIN : 0, 'UPI_CACHE_DIR')
}

/** Makes the folders of home and the cache, or says that they may not be written. A full cache is only read. */
export function makeFolders({ home, cacheDir }: Pick<StackOptions, 'home' | 'cacheDir'>): void {
  const { kafka, registry, temporal, prometheus, grafana, logs, run } = homePaths(home)
  openFolder(home, 'UPI_HOME')
  for (const folder of [kafka, registry, temporal, prometheus, grafana, logs, run]) {
    openFolder(folder, 'UPI_HOME')
    // Messages hold people's VPAs: nobody else on this machine may read them.
    chmodSync(folder, 0o700)
  }
  if (!isCached({ cacheDir })) openFolder(cacheDir, 'UPI_CACHE_DIR')
}

/** The same, looked at only: whether these folders may be made and written. */
export function checkFolders({ home, cacheDir }: Pick<StackOptions, 'home' | 'cacheDir'>): void {
  const { logs, run } = homePaths(home)
  for (const folder of [home, logs, run]) checkWritable(nearestFolder(folder), 'UPI_HOME')
  if (!isCached({ cacheDir })) checkWritable(nearestFolder(cacheDir), 'UPI_CACHE_DIR')
}

/** Whether every part that may have to be fetched is there. */
export function isCached({ cacheDir }: Pick<StackOptions, 'cacheDir'>): boolean {
  const parts = [KAFKA_PART, REGISTRY_PART, TEMPORAL_PART]
  return parts.every(({ key }) => existsSync(join(cacheDir, key)))
}

function openFolder(folder: string, setting: string): void {
  checkWritable(folder, setting, makeFolder)
}

function checkWritable(folder: string, setting: string, make?: (folder: string) => void): void {
  try {
    make?.(folder)
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC') throw diskFull(folder, 0, setting)
    throw new UpiError('CACHE_UNWRITABLE', `${folder} cannot be written (${message})`, {
      fix: `set ${setting} to a folder that you may write`,
      cause,
    })
  }
}

function checkSpace(folder: string, bytesMin: number, setting: string): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < bytesMin) throw diskFull(folder, bytesMin, setting, bavail * bsize)
}

function diskFull(folder: string, bytesMin: number, setting: string, bytes = 0): UpiError {
  const [free, needed] = [bytes, bytesMin].map((value) => (value / 1e9).toFixed(1))
  const text = `the disk of ${folder} has ${free} GB free, ${needed} GB are needed`
  return new UpiError('DISK_FULL', text, {
    fix: `free some space, or set ${setting} to a folder on a larger disk`,
  })
}
