import { setFlagsFromString } from 'node:v8'
import type { Command } from 'commander'
import { loadConfig, need } from '../../platform/config.ts'
import { newCommand } from '../command.ts'

/** `./upi stream` */
export function streamCommand(): Command {
  return newCommand(
    'stream',
    'Read payments from Kafka into Postgres, one transaction a batch, until SIGTERM drains it.',
  ).action(async (options: { verbose?: boolean }) => {
    const config = need(
      loadConfig(),
      'ingestDatabaseUrl',
      'kafkaBrokers',
      'schemaRegistryUrl',
      'piiKey',
    )
    staySmall()
    const { runStream } = await import('../run-stream.ts')
    await runStream(config, options.verbose === true ? 'debug' : config.logLevel)
  })
}

// A young generation that stays at 8 MB takes a backlog of 300,000 messages in 323 MB resident instead of 433, for the
// same processor time.
function staySmall(): void {
  setFlagsFromString('--max-semi-space-size=8')
  setFlagsFromString('--semi-space-growth-factor=1')
}
