import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../../core/errors.ts'
import { tryLock } from '../lock.ts'
import type { FetchContext } from './part.ts'
import { findOnPath, runTool } from './run-tool.ts'

/** An artifact by its Maven coordinates. */
export interface Artifact {
  readonly group: string
  readonly name: string
  readonly version: string
  readonly type?: string
  readonly classifier?: string
  /** Only the file itself, not what it depends on. */
  readonly alone?: boolean
}

/** Copies artifacts, and what they need at run time, into a folder; Maven checks its repositories' checksums. */
export async function copyArtifacts(
  artifacts: readonly Artifact[],
  folder: string,
  context: FetchContext,
): Promise<void> {
  const maven = findOnPath('mvn', context.env.PATH)
  if (maven === undefined) {
    throw new UpiError('TOOL_MISSING', 'mvn is not on PATH', { fix: 'install Maven 3.6 or newer' })
  }
  const project = mkdtempSync(join(tmpdir(), 'upi-maven-'))
  const lock = await lockMaven(context)
  try {
    const env = { MAVEN_OPTS: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1', ...context.env }
    const pom = join(project, 'pom.xml')
    writeFileSync(pom, renderPom(artifacts))
    for (const goal of copyGoals(artifacts, folder)) {
      const args = ['-B', '-q', '--strict-checksums', '-f', pom, ...goal]
      await runTool({ command: maven, args, env, signal: context.signal })
    }
  } finally {
    lock.release()
    rmSync(project, { recursive: true, force: true })
  }
}

/** A project that has nothing but these dependencies. */
export function renderPom(artifacts: readonly Artifact[]): string {
  const together = artifacts.filter(({ alone }) => alone !== true)
  const dependencies = together.map(({ group, name, version }) =>
    [
      '    <dependency>',
      `      <groupId>${group}</groupId>`,
      `      <artifactId>${name}</artifactId>`,
      `      <version>${version}</version>`,
      '    </dependency>',
    ].join('\n'),
  )
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>upi</groupId>
  <artifactId>parts</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependencies.join('\n')}
  </dependencies>
</project>
`
}

// Later versions read the parents of an artifact even when nothing but its file is wanted; mirrors may lack them.
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:2.10'

function copyGoals(artifacts: readonly Artifact[], folder: string): string[][] {
  const into = `-DoutputDirectory=${folder}`
  const lone = artifacts.filter(({ alone }) => alone === true)
  const goals = lone.map((artifact) => [
    `${PLUGIN}:copy`,
    `-Dartifact=${coordinates(artifact)}`,
    into,
  ])
  if (lone.length === artifacts.length) return goals
  return [...goals, [`${PLUGIN}:copy-dependencies`, '-DincludeScope=runtime', into]]
}

function coordinates({ group, name, version, type, classifier }: Artifact): string {
  return [group, name, version, type, classifier].filter((part) => part !== undefined).join(':')
}
const LOCK_POLL_MS = 100

// Maven 3 does not lock its local repository: two runs at once may both write the same plugin.
async function lockMaven(context: FetchContext) {
  for (;;) {
    const lock = tryLock(join(context.cacheDir, '.locks', 'maven'))
    if (lock !== undefined) return lock
    await sleep(LOCK_POLL_MS, undefined, { signal: context.signal })
  }
}
