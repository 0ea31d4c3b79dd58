import type { Command } from 'commander'
import { UpiError } from '../../core/errors.ts'
import { loadConfig, need } from '../../platform/config.ts'
import { createKafka, kafkaFault } from '../../platform/kafka.ts'
import { createLogger } from '../../platform/telemetry.ts'
import { ensureTopics, type TopicReport, topicPlans } from '../../platform/topics.ts'
import { newCommand } from '../command.ts'
import { print, printJson, printTable } from '../output.ts'

interface Options {
  readonly json?: boolean
  readonly verbose?: boolean
}

/** `./upi topics` */
export function topicsCommand(): Command {
  return newCommand(
    'topics',
    'Create the topics that are missing, or report how the others differ.',
  )
    .option('--json', 'print for machines')
    .addHelpText(
      'after',
      '\nNothing that exists is changed or deleted. Exit 1 when a topic differs.',
    )
    .action(topics)
}

async function topics(options: Options): Promise<void> {
  const config = need(loadConfig(), 'kafkaBrokers')
  const plans = topicPlans(config)
  const level = options.verbose === true ? 'debug' : 'error'
  const log = createLogger({ process: 'topics', level, pretty: process.stderr.isTTY === true })
  const admin = createKafka(config, 'upi-topics', log).admin()
  let reports: TopicReport[]
  try {
    await admin.connect()
    reports = await ensureTopics(admin, plans)
  } catch (cause) {
    throw kafkaFault(cause, config.kafkaBrokers)
  } finally {
    await admin.disconnect()
  }
  if (options.json === true) printJson(reports)
  else printReports(reports)
  const drifting = reports.filter(({ drift }) => drift.length > 0).map(({ topic }) => topic)
  if (drifting.length > 0) {
    throw new UpiError('TOPIC_DRIFT', `not as the settings say: ${drifting.join(', ')}`, {
      fix: 'see each row above',
    })
  }
}

function printReports(reports: readonly TopicReport[]): void {
  printTable(reports, [
    { title: 'topic', value: (report) => report.topic },
    { title: 'partitions', value: (report) => report.partitions, align: 'right' },
    {
      title: 'state',
      value: stateOf,
      style: (report) => (report.drift.length > 0 ? 'red' : 'green'),
    },
  ])
  const rows = reports.flatMap(({ topic, drift }) => drift.map((each) => ({ topic, ...each })))
  if (rows.length === 0) return
  print()
  printTable(rows, [
    { title: 'topic', value: (row) => row.topic },
    { title: 'setting', value: (row) => row.setting },
    { title: 'is', value: (row) => row.is },
    { title: 'should', value: (row) => row.should },
    { title: 'fix', value: (row) => row.fix },
  ])
}

function stateOf({ created, drift }: TopicReport): string {
  if (created) return 'created'
  return drift.length === 0 ? 'as it should be' : 'differs'
}
