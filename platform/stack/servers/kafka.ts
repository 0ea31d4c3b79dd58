import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { addressText, stackAddresses } from '../addresses.ts'
import type { Component, Launch, PrepareContext } from '../component.ts'
import { fetchPart } from '../fetch/part.ts'
import { KAFKA_PART } from '../fetch/parts.ts'
import { runTool } from '../fetch/run-tool.ts'
import { homePaths } from '../home.ts'
import type { StackOptions } from '../options.ts'
import { askKafka, probeKafka } from '../probes.ts'
import { KAFKA_BROKER_SETTINGS, KAFKA_JAVA_OPTIONS, STACK_VERSIONS } from '../settings.ts'
import { findJava, JAVA_ENVIRONMENT } from './java.ts'
import { serverEnvironment } from './server-environment.ts'

/** One Kafka node, broker and controller, on the host's Java. */
export function createKafka(options: StackOptions): Component {
  const { kafka, kafkaController } = stackAddresses(options.portBase)
  let java = ''
  return {
    name: 'kafka',
    kind: 'server',
    external: false,
    needs: [],
    address: addressText(kafka),
    version: STACK_VERSIONS.kafka,
    ports: [kafka.port, kafkaController.port],
    readyMsMax: READY_MS_MAX,
    graceMsMax: GRACE_MS_MAX,
    stopSignal: 'SIGTERM',
    async fetch(context) {
      java = (await findJava(context.env, context.signal)).command
      return fetchPart(KAFKA_PART, context)
    },
    async prepare(context) {
      const place = kafkaPlace(options, join(context.fetched?.folder ?? '', 'libs'))
      await formatLog(place, java, context)
      return launch(place, java)
    },
    probe: () => probeKafka(kafka.host, kafka.port),
    alive: (msMax) => askKafka(kafka.host, kafka.port, msMax).then(() => {}),
  }
}

// After a crash every open segment is read again.
const READY_MS_MAX = 180_000
const GRACE_MS_MAX = 10_000

interface KafkaPlace {
  readonly folder: string
  readonly data: string
  readonly temporary: string
  readonly libs: string
  readonly env: Readonly<Record<string, string>>
  properties(data: string): string
}

function kafkaPlace(options: StackOptions, libs: string): KafkaPlace {
  const folder = homePaths(options.home).kafka
  const temporary = join(folder, 'tmp')
  // Native libraries of the codecs are unpacked here at each start; a kill leaves them behind.
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true })
  return {
    folder,
    data: join(folder, 'data'),
    temporary,
    libs,
    env: { ...serverEnvironment(options.env), ...JAVA_ENVIRONMENT },
    properties: (data) => serverProperties(options.portBase, data),
  }
}

/** The broker's configuration file. */
export function serverProperties(portBase: number, data: string): string {
  const { kafka, kafkaController } = stackAddresses(portBase)
  const own = {
    listeners: `PLAINTEXT://${addressText(kafka)},CONTROLLER://${addressText(kafkaController)}`,
    'advertised.listeners': `PLAINTEXT://${addressText(kafka)}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.quorum.bootstrap.servers': addressText(kafkaController),
    // A backslash would begin an escape in a Java properties file.
    'log.dirs': data.replaceAll('\\', '\\\\'),
  }
  const lines = Object.entries({ ...KAFKA_BROKER_SETTINGS, ...own })
  return `${lines.map(([name, value]) => `${name}=${value}`).join('\n')}\n`
}

// The log is formatted beside its place and renamed; its cluster id stays with it for life.
async function formatLog(place: KafkaPlace, java: string, context: PrepareContext): Promise<void> {
  if (existsSync(join(place.data, 'meta.properties'))) return
  const fresh = `${place.data}.new`
  rmSync(fresh, { recursive: true, force: true })
  const properties = join(place.folder, 'format.properties')
  writeFileSync(properties, place.properties(fresh))
  const tool = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', newClusterId()]
  const options = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...LOG_OPTIONS]
  const args = [...options, '-cp', join(place.libs, '*'), ...tool, '-c', properties]
  try {
    await runTool({ command: java, args, env: place.env, signal: context.signal })
  } catch (cause) {
    context.signal.throwIfAborted()
    const reason = (cause as Error).message
    throw new UpiError('COMPONENT_FAILED', `Kafka's log cannot be made: ${reason}`, { cause })
  }
  renameSync(fresh, place.data)
}

function launch(place: KafkaPlace, java: string): Launch {
  const properties = join(place.folder, 'server.properties')
  writeFileSync(properties, place.properties(place.data))
  const options = [...KAFKA_JAVA_OPTIONS, `-Djava.io.tmpdir=${place.temporary}`, ...LOG_OPTIONS]
  return {
    command: java,
    args: [...options, '-cp', join(place.libs, '*'), 'kafka.Kafka', properties],
    env: place.env,
    cwd: place.folder,
  }
}

const LOG_OPTIONS = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS',
]

// A leading minus would be read as an option.
function newClusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? newClusterId() : id
}
