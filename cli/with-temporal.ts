import type { Client } from '@temporalio/client'
import { type Config, type Needed, need } from '../platform/config.ts'
import { connectClient, temporalFault } from '../platform/temporal.ts'

/** Does something with a client of Temporal, and closes it. */
export async function withTemporal<T>(
  config: Config,
  work: (client: Client, config: Needed<'temporalAddress'>) => Promise<T>,
): Promise<T> {
  const reachable = need(config, 'temporalAddress')
  const { client, connection } = await connectClient(reachable)
  try {
    return await work(client, reachable)
  } catch (fault) {
    throw temporalFault(fault, reachable)
  } finally {
    await connection.close()
  }
}
