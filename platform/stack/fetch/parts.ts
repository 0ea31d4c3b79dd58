import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { STACK_VERSIONS } from '../settings.ts'
import { verifyFolder } from './checksums.ts'
import { type Artifact, copyArtifacts } from './maven.ts'
import type { FetchContext, Part } from './part.ts'
import { runTool } from './run-tool.ts'

const MAVEN_FIX = 'install Java 17 or newer and Maven, and see that Maven reaches its repository'

const KAFKA_KEY = `kafka-${STACK_VERSIONS.kafka}`
const REGISTRY_KEY = `registry-${STACK_VERSIONS.registry}`

/** Kafka's broker: its jars, flat. */
export const KAFKA_PART: Part = {
  key: KAFKA_KEY,
  sources: [{ name: 'Maven', fill: fillKafka }],
  fix: MAVEN_FIX,
}

/** The Apicurio registry: its distribution, unpacked. */
export const REGISTRY_PART: Part = {
  key: REGISTRY_KEY,
  sources: [{ name: 'Maven', fill: fillRegistry }],
  fix: MAVEN_FIX,
}

/** What Maven copies for each part; the checksums of these files are pinned. */
export const PART_ARTIFACTS: Record<string, readonly Artifact[]> = {
  [KAFKA_KEY]: [
    { group: 'org.apache.kafka', name: 'kafka_2.13', version: STACK_VERSIONS.kafka },
    { group: 'org.slf4j', name: 'slf4j-simple', version: '1.7.36' },
  ],
  [REGISTRY_KEY]: [
    {
      group: 'io.apicurio',
      name: 'apicurio-registry-app',
      version: STACK_VERSIONS.registry,
      type: 'tar.gz',
      classifier: 'all',
      alone: true,
    },
  ],
}

async function fillKafka(folder: string, context: FetchContext): Promise<void> {
  const jars = join(folder, 'libs')
  await copyArtifacts(PART_ARTIFACTS[KAFKA_KEY] ?? [], jars, context)
  await verifyFolder(jars, KAFKA_KEY)
}

async function fillRegistry(folder: string, context: FetchContext): Promise<void> {
  const packed = join(folder, 'packed')
  mkdirSync(packed)
  await copyArtifacts(PART_ARTIFACTS[REGISTRY_KEY] ?? [], packed, context)
  await verifyFolder(packed, REGISTRY_KEY)
  const archives = readdirSync(packed).map((name) => join(packed, name))
  for (const archive of archives) {
    const { env, signal } = context
    await runTool({ command: 'tar', args: ['-xzf', archive, '-C', folder], env, signal })
  }
  rmSync(packed, { recursive: true })
}
