import type { Config } from '../platform/config.ts'
import { backupFacts } from '../platform/facts/backup-facts.ts'
import { bookFacts } from '../platform/facts/book-facts.ts'
import { dayFacts } from '../platform/facts/day-facts.ts'
import { diskFacts } from '../platform/facts/disk-facts.ts'
import type { Ask, FactReader } from '../platform/facts/fact-reader.ts'
import { letterFacts } from '../platform/facts/letter-facts.ts'
import { modelFacts } from '../platform/facts/model-facts.ts'
import { sessionFacts } from '../platform/facts/session-facts.ts'
import { sizeFacts } from '../platform/facts/size-facts.ts'
import { BUILT_MODELS, UNDATED_MODELS } from './model-kinds.ts'

/** Who reads the facts that the worker and ./upi status tell alike: of Postgres, by `ask`, and of the disks. */
export function platformFacts(config: Config, ask: Ask | undefined): FactReader[] {
  const { home, backupDir, backupDatabaseUrl, lakeDir } = config
  const disk = diskFacts({ home, backups: backupDir, lake: lakeDir })
  if (ask === undefined) return [disk]
  const hasBackups = backupDir !== undefined && backupDatabaseUrl !== undefined
  return [
    modelFacts(ask, BUILT_MODELS),
    dayFacts(ask),
    bookFacts(ask, UNDATED_MODELS),
    letterFacts(ask),
    sessionFacts(ask),
    sizeFacts(ask),
    ...(hasBackups ? [backupFacts(ask, backupDir)] : []),
    disk,
  ]
}
