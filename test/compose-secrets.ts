import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { CHECKOUT } from '../platform/config.ts'
import type { ComposeFile, ComposeService } from './compose-file.ts'
import { filesOf } from './repository.ts'

/** Makes the secrets of the containers in a folder that lasts for one test; `run` makes them again. */
export function makeSecrets(file: ComposeFile): { folder: string; run: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'upi-secrets-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const volume of Object.keys(file.volumes)) {
    const [, consumer] = /^secrets-(\w+)$/.exec(volume) ?? []
    if (consumer !== undefined) mkdirSync(join(folder, consumer))
  }
  const script = join(CHECKOUT, 'platform/compose/make-secrets.sh')
  const run = () => void execFileSync('sh', [script, folder])
  run()
  return { folder, run }
}

/** Whose secrets a service mounts, and which files of them it or anything mounted with them reads. */
export function secretsRead(service: ComposeService): { consumer: string; files: string[] } {
  const volumes = service.volumes ?? []
  const mounted = volumes.flatMap((volume) => /^\.\/([\w./-]+):/.exec(volume)?.[1] ?? [])
  const texts = mounted
    .flatMap((path) => filesOf(/\.\w+$/.test(path) ? path : `${path}/**/*.*`))
    .map(({ text }) => text)
  const all = [JSON.stringify(service), ...texts].join('\n')
  const consumers = volumes.flatMap(
    (each) => /^secrets-(\w+):\/run\/secrets:ro$/.exec(each)?.[1] ?? [],
  )
  return {
    consumer: consumers[0] ?? '',
    files: [...all.matchAll(/\/run\/secrets\/(\w[\w.]*)/g)].map(([, name = '']) => name),
  }
}
