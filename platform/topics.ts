import { setTimeout as pause } from 'node:timers/promises'
import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs'
import { UpiError } from '../core/errors.ts'
import type { Config } from './config.ts'

/** A topic as it should be. */
export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  readonly replication: number
  readonly settings: Readonly<Record<string, string>>
}

/** What `ensureTopics` found, or did. */
export interface TopicReport {
  readonly topic: string
  readonly created: boolean
  readonly partitions: number
  readonly drift: readonly TopicDrift[]
}

/** One way in which a topic differs from its plan. */
export interface TopicDrift {
  readonly setting: string
  readonly is: string
  readonly should: string
  readonly fix: string
}

/**
 * The platform's topics. Dead letters and alerts are few, and one partition keeps them in order; payments are spread,
 * and the broker's clock stamps them all, for raw is partitioned by that time.
 */
export function topicPlans(config: Config): readonly TopicPlan[] {
  const { topicReplication: replication, topicMinIsr: minIsr } = config
  if (minIsr > replication) {
    throw new UpiError(
      'CONFIG_INVALID',
      `UPI_TOPIC_MIN_ISR ${minIsr} is above UPI_TOPIC_REPLICATION ${replication}: nothing could be written`,
    )
  }
  const settings = {
    'cleanup.policy': 'delete',
    'message.timestamp.type': 'LogAppendTime',
    'min.insync.replicas': String(minIsr),
    'retention.ms': String(config.topicRetentionDays * 86_400_000),
  }
  return [
    { name: config.topic, partitions: config.topicPartitions, replication, settings },
    { name: deadLetterTopic(config.topic), partitions: 1, replication, settings },
    { name: ALERTS_TOPIC, partitions: 1, replication, settings },
  ]
}

/** Where the dead letters of a topic are relayed to. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`
}

/** Where alerts are relayed to. */
export const ALERTS_TOPIC = 'upi_alerts'

/**
 * Creates the topics that are missing and reports how the others differ from their plans. It changes nothing that is
 * there: more partitions would move keys, fewer would lose messages. Safe to call from two processes at once.
 */
export async function ensureTopics(
  admin: Admin,
  plans: readonly TopicPlan[],
): Promise<TopicReport[]> {
  const existing = new Set(await admin.listTopics())
  const created = new Set<string>()
  for (const plan of plans) {
    if (!existing.has(plan.name) && (await createTopic(admin, plan))) created.add(plan.name)
  }
  const found = await describeWhenThere(admin, plans)
  return plans.map((plan) => {
    const topic = found.get(plan.name)
    if (topic === undefined) throw new UpiError('KAFKA_UNAVAILABLE', `topic ${plan.name} vanished`)
    return {
      topic: plan.name,
      created: created.has(plan.name),
      partitions: topic.partitions,
      drift: driftOf(plan, topic),
    }
  })
}

/** The same, looked at only: how each topic differs from its plan; undefined for one that is missing. */
export async function findDrift(
  admin: Admin,
  plans: readonly TopicPlan[],
): Promise<Map<string, readonly TopicDrift[] | undefined>> {
  const existing = new Set(await admin.listTopics())
  const there = plans.filter(({ name }) => existing.has(name))
  const found =
    there.length === 0 ? new Map<string, FoundTopic>() : await describeTopics(admin, there)
  return new Map(
    plans.map((plan) => {
      const topic = found.get(plan.name)
      return [plan.name, topic === undefined ? undefined : driftOf(plan, topic)]
    }),
  )
}

function driftOf(plan: TopicPlan, topic: FoundTopic): TopicDrift[] {
  return [...shapeDrift(plan, topic), ...settingDrift(plan, topic)]
}

interface FoundTopic {
  readonly partitions: number
  readonly replication: number
  readonly settings: ReadonlyMap<string, string>
}

async function createTopic(admin: Admin, plan: TopicPlan): Promise<boolean> {
  const topic: ITopicConfig = {
    topic: plan.name,
    numPartitions: plan.partitions,
    replicationFactor: plan.replication,
    configEntries: Object.entries(plan.settings).map(([name, value]) => ({ name, value })),
  }
  try {
    // False: another process has been quicker.
    return await admin.createTopics({ topics: [topic], waitForLeaders: false })
  } catch (cause) {
    throw refusal(plan, cause)
  }
}

// kafkajs gathers the brokers' answers in an aggregate; there is one, because there was one topic.
function refusal(plan: TopicPlan, cause: unknown): unknown {
  const { errors } = cause as { errors?: readonly { type?: string; message: string }[] }
  const [first] = errors ?? []
  if (first === undefined) return cause
  const needs = `topic ${plan.name} (${plan.partitions} partitions, ${plan.replication} copies)`
  return new UpiError('CONFIG_INVALID', `Kafka refuses ${needs}: ${first.message}`, {
    fix: 'check UPI_TOPIC, UPI_TOPIC_REPLICATION and the rights of the user',
    cause,
  })
}

// A broker answers for a topic a moment after the controller has created it; kafkajs's own wait fails on that.
async function describeWhenThere(
  admin: Admin,
  plans: readonly TopicPlan[],
): Promise<Map<string, FoundTopic>> {
  const end = performance.now() + VISIBLE_MS_MAX
  for (;;) {
    try {
      return await describeTopics(admin, plans)
    } catch (cause) {
      if (!isNotThereYet(cause) || performance.now() > end) throw cause
    }
    await pause(VISIBLE_POLL_MS)
  }
}

const VISIBLE_MS_MAX = 10_000
const VISIBLE_POLL_MS = 50

function isNotThereYet(fault: unknown): boolean {
  const { type, cause } = Object(fault) as { type?: string; cause?: unknown }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'LEADER_NOT_AVAILABLE') return true
  return cause !== undefined && isNotThereYet(cause)
}

async function describeTopics(
  admin: Admin,
  plans: readonly TopicPlan[],
): Promise<Map<string, FoundTopic>> {
  const { topics } = await admin.fetchTopicMetadata({ topics: plans.map(({ name }) => name) })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: plans.map(({ name, settings }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(settings),
    })),
  })
  return new Map(
    topics.map(({ name, partitions }) => {
      const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries
      return [
        name,
        {
          partitions: partitions.length,
          replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
          settings: new Map(
            entries?.map(({ configName, configValue }) => [configName, configValue]),
          ),
        },
      ]
    }),
  )
}

function shapeDrift(plan: TopicPlan, found: FoundTopic): TopicDrift[] {
  const drift: TopicDrift[] = []
  if (found.partitions !== plan.partitions) {
    const alter = `kafka-topics.sh --alter --topic ${plan.name} --partitions ${plan.partitions}`
    const fix =
      found.partitions < plan.partitions
        ? `${alter} (keys move: a new message may meet another partition than its old ones)`
        : `set UPI_TOPIC_PARTITIONS=${found.partitions}; Kafka removes no partitions`
    drift.push(differs('partitions', found.partitions, plan.partitions, fix))
  }
  if (found.replication !== plan.replication) {
    const fix = `kafka-reassign-partitions.sh, or set UPI_TOPIC_REPLICATION=${found.replication}`
    drift.push(differs('replication', found.replication, plan.replication, fix))
  }
  return drift
}

function settingDrift(plan: TopicPlan, found: FoundTopic): TopicDrift[] {
  return Object.entries(plan.settings).flatMap(([name, should]) => {
    const is = found.settings.get(name) ?? 'unknown'
    if (is === should) return []
    const alter = `kafka-configs.sh --alter --entity-type topics --entity-name ${plan.name}`
    const fix = `${alter} --add-config ${name}=${should}${orSetting(name, is)}`
    return [{ setting: name, is, should, fix }]
  })
}

// Whoever meant what the topic has, changes the setting.
function orSetting(name: string, is: string): string {
  if (name === 'min.insync.replicas') return `, or set UPI_TOPIC_MIN_ISR=${is}`
  const days = Number(is) / 86_400_000
  const isDays = name === 'retention.ms' && Number.isInteger(days) && days > 0
  return isDays ? `, or set UPI_TOPIC_RETENTION_DAYS=${days}` : ''
}

function differs(setting: string, is: number, should: number, fix: string): TopicDrift {
  return { setting, is: String(is), should: String(should), fix }
}
