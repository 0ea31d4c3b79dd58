import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, type RunnerTask } from 'vitest'
import type { LoginRole } from '../migrations/roles.ts'
import { loadConfig, need } from '../platform/config.ts'
import { killLeftCommands } from './cli.ts'
import { newHandles, openHandles } from './leaks.ts'
import { dropNamespace, dropTopics, makeNamespace, makeTopics } from './own-places.ts'
import { clone, connectionsTo, drop } from './template.ts'

export { type CliResult, type CliRun, runCli, startCli } from './cli.ts'
export { eventually } from './eventually.ts'

/** What a test file can have for itself, besides names. */
export type Own = 'database' | 'topics' | 'namespace'
