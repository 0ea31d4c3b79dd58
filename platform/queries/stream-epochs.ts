import type { ClientBase } from 'pg'

/** The epoch of a topic that is read now; 0 until an operator has adopted another log. */
export async function findEpoch(client: Pick<ClientBase, 'query'>, topic: string): Promise<number> {
  const { rows } = await client.query<{ epoch: number }>(
    'select coalesce(max(epoch), 0) as epoch from ops.stream_epochs where topic = $1',
    [topic],
  )
  return rows[0]?.epoch ?? 0
}

/** The cluster that a topic's offsets are of; null while none is on record. */
export async function findCluster(
  client: Pick<ClientBase, 'query'>,
  { topic, epoch }: { topic: string; epoch: number },
): Promise<string | null> {
  const { rows } = await client.query<{ cluster_id: string | null }>(
    'select cluster_id from ops.stream_epochs where topic = $1 and epoch = $2',
    [topic, epoch],
  )
  return rows[0]?.cluster_id ?? null
}

/** Notes the cluster that a topic's offsets are of, the first time; gives the one that is on record. */
export async function noteCluster(
  client: ClientBase,
  { topic, epoch, clusterId }: { topic: string; epoch: number; clusterId: string },
): Promise<string | null> {
  await client.query(
    `insert into ops.stream_epochs (topic, epoch, cluster_id, adopted_by)
     values ($1, $2, $3, current_user)
     on conflict do nothing`,
    [topic, epoch, clusterId],
  )
  return await findCluster(client, { topic, epoch })
}

/** Begins an epoch: from now on the topic's offsets are of another log. False when somebody else has just begun it. */
export async function beginEpoch(
  client: ClientBase,
  entry: { topic: string; epoch: number; clusterId: string; actor: string; reason: string },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into ops.stream_epochs (topic, epoch, cluster_id, adopted_by, reason)
     values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [entry.topic, entry.epoch, entry.clusterId, entry.actor, entry.reason],
  )
  return rowCount === 1
}
