import type { ClientBase, Pool } from 'pg'

/** Does work in one transaction; what it throws undoes all of it, and a connection in doubt is not used again. */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let isBroken = true
  try {
    await client.query('begin')
    const value = await work(client)
    await client.query('commit')
    isBroken = false
    return value
  } catch (fault) {
    await client.query('rollback').then(
      () => {
        isBroken = false
      },
      () => {},
    )
    throw fault
  } finally {
    client.release(isBroken)
  }
}
