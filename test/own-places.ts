import { msToTs } from '@temporalio/common/lib/time.js'
import type { Admin } from 'kafkajs'
import { type Config, need } from '../platform/config.ts'
import { createKafka } from '../platform/kafka.ts'
import { createLogger } from '../platform/telemetry.ts'
import { connectClient, ensureSearchAttributes, type TemporalClient } from '../platform/temporal.ts'
import { ALERTS_TOPIC, ensureTopics, topicPlans } from '../platform/topics.ts'
import { eventually } from './eventually.ts'

const log = createLogger({ process: 'test', level: 'error', pretty: false })
const RETENTION = msToTs('1 day')
// temporal.api.enums.v1.NamespaceState
const REGISTERED = 1

/** Creates the topics of a test file. */
export async function makeTopics(config: Config): Promise<void> {
  // A broker that has just made a topic may deny that it has it.
  await withAdmin(config, (admin) => eventually(() => ensureTopics(admin, topicPlans(config))))
}

/** Removes them, with the consumer group and the schemas that go by their names. */
export async function dropTopics(config: Config): Promise<void> {
  await withAdmin(config, async (admin) => {
    const own = topicPlans(config).map(({ name }) => name)
    await admin.deleteTopics({ topics: own.filter((name) => name !== ALERTS_TOPIC) })
    const { groups } = await admin.listGroups()
    const ids = groups.map(({ groupId }) => groupId)
    // A member that was killed belongs to its group until its session ends.
    await eventually(() => admin.deleteGroups(ids.filter((id) => id === config.consumerGroup)))
  })
  const subjects = `${need(config, 'schemaRegistryUrl').schemaRegistryUrl}/subjects`
  const names = (await (await fetch(subjects)).json()) as string[]
  for (const name of names.filter((each) => each.startsWith(config.topic))) {
    const answer = await fetch(`${subjects}/${encodeURIComponent(name)}`, { method: 'DELETE' })
    await answer.body?.cancel()
  }
}

/** Creates the Temporal namespace of a test file: workflow ids are days, and two files may build the same day. */
export async function makeNamespace(config: Config): Promise<void> {
  await withTemporal(config, async ({ connection }) => {
    const namespace = config.temporalNamespace
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: RETENTION,
    })
    await eventually(() => connection.operatorService.listSearchAttributes({ namespace }))
    await ensureSearchAttributes(connection, namespace, log)
  })
}

/** Removes it with all its workflows and schedules. */
export async function dropNamespace(config: Config): Promise<void> {
  await withTemporal(config, ({ connection }) =>
    connection.operatorService.deleteNamespace({ namespace: config.temporalNamespace }),
  )
}

/** The namespaces that are not about to be removed. */
export async function listNamespaces(config: Config): Promise<string[]> {
  return await withTemporal(config, async ({ connection }) => {
    const { namespaces } = await connection.workflowService.listNamespaces({ pageSize: 1_000 })
    const open = namespaces.filter(({ namespaceInfo }) => namespaceInfo?.state === REGISTERED)
    return open.flatMap(({ namespaceInfo }) => namespaceInfo?.name ?? [])
  })
}

async function withAdmin(config: Config, work: (admin: Admin) => Promise<unknown>): Promise<void> {
  const admin = createKafka(need(config, 'kafkaBrokers'), 'upi-test', log).admin()
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.disconnect()
  }
}

async function withTemporal<T>(
  config: Config,
  work: (temporal: TemporalClient) => Promise<T>,
): Promise<T> {
  const temporal = await connectClient(need(config, 'temporalAddress'))
  try {
    return await work(temporal)
  } finally {
    await temporal.connection.close()
  }
}
