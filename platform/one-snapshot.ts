import type { ClientBase, Pool } from 'pg'

const CANCEL_EVERY_MS = 200

/** What the sink sets for its sessions is made for keys; whoever reads all of a table lets the planner choose. */
const PLANNER = `
  select set_config(name, 'on', true) from unnest(array[
      'enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin']) as name
  union all select set_config('plan_cache_mode', 'auto', true)
  -- It waits for this process, and for others on the same snapshot.
  union all select set_config('idle_in_transaction_session_timeout', '0', true)`

/**
 * Reads at one snapshot, whose id lets transactions of other connections read at it too. Aborting cancels what runs on the
 * server. The connection is not lent again: its plans would be those of a reader.
 */
export async function atOneSnapshot<T>(
  pool: Pool,
  signal: AbortSignal | undefined,
  work: (client: ClientBase, snapshot: string) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const client = await pool.connect()
  const stop = cancelWhenAborted(pool, client, signal)
  try {
    await client.query('begin isolation level repeatable read, read only')
    await client.query(PLANNER)
    const { rows } = await client.query<{ id: string }>('select pg_export_snapshot() as id')
    const result = await work(client, rows[0]?.id as string)
    await client.query('commit')
    return result
  } finally {
    await stop()
    client.release(true)
  }
}

/**
 * Cancels what a connection runs when the signal is aborted, until the work has ended: a cancellation that comes between
 * two statements hits nothing. What it gives ends that.
 */
export function cancelWhenAborted(
  pool: Pool,
  client: ClientBase,
  signal: AbortSignal | undefined,
): () => Promise<void> {
  const { processID: pid } = client as ClientBase & { processID: number }
  let timer: NodeJS.Timeout | undefined
  let sent: Promise<unknown> = Promise.resolve()
  const cancel = () => {
    sent = pool.query('select pg_cancel_backend($1)', [pid]).catch(() => {})
  }
  const begin = () => {
    cancel()
    timer = setInterval(cancel, CANCEL_EVERY_MS)
  }
  signal?.addEventListener('abort', begin, { once: true })
  return async () => {
    signal?.removeEventListener('abort', begin)
    clearInterval(timer)
    await sent
  }
}
