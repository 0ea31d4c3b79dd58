import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { ALERTS } from '../grafana/alerts/index.ts'
import { type BackupRecord, RECORD, recordText } from '../platform/backup/backup-folder.ts'
import { eventually, runCli, useStack } from './harness.ts'
import { useWatchedPlatform } from './watched-platform.ts'

const own = useStack('database', 'topics', 'namespace')
const platform = useWatchedPlatform(own, {
  TransactionLong: ['> 1800', '> 2'],
  ScheduleLate: ['> 3600', '> 15'],
  WorkflowsFailed: ['< 1800', '< 15'],
  PoolFull: ['> 0.8', '> 0.1'],
})
let admin: pg.Pool

beforeAll(() => {
  admin = own.pool()
})

/** Something that goes wrong, the alerts that tell it, and how it is put right. */
interface Fault {
  readonly what: string
  readonly alerts: readonly string[]
  /** Makes it; gives what undoes it, if it does not end by itself. */
  make(): Promise<(() => Promise<unknown>) | undefined>
}

const upi = async (...args: string[]) => {
  const { code, stdout, stderr } = await runCli(args, platform.env)
  if (code !== 0) throw new Error(`./upi ${args.join(' ')}: ${stdout}${stderr}`)
}

/** A session that does something and holds on to it. */
async function hold(pool: pg.Pool, ...statements: string[]): Promise<() => Promise<void>> {
  const client = await pool.connect()
  // On a slow machine it may be ended before it is undone.
  client.on('error', () => {})
  await client.query(['begin', ...statements].join(';'))
  return async () => {
    await client.query('rollback').catch(() => {})
    client.release(true)
  }
}

/** A statement that takes long, and is sent again where its session was ended for that. */
function askLong(pool: pg.Pool): () => Promise<unknown> {
  let isOver = false
  const ask = async () => {
    while (!isOver)
      await pool.query('set statement_timeout = 0; select pg_sleep(600)').catch(() => {})
    return true
  }
  const asked = ask()
  const end = `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and usename = 'upi_report'`
  return async () => {
    isOver = true
    await eventually(() => Promise.race([asked, admin.query(end).then(() => false)]))
  }
}

const TODAY = `(now() at time zone 'Asia/Kolkata')::date`
const lockOffset = (partition: number) =>
  hold(
    admin,
    `select from ops.stream_offsets
       where topic = '${platform.topic.name}' and kafka_partition = ${partition} for update`,
  )

/** What can happen at the same time. */
const FAULTS: readonly Fault[] = [
  {
    what: 'the stream is held up by somebody’s lock',
    alerts: ['StreamLag', 'StreamNotReady', 'PoolFull'],
    async make() {
      const release = await lockOffset(0)
      await platform.topic.send(0, 1_100)
      return release
    },
  },
  {
    what: 'what comes is no message, and the topic of dead letters is not there',
    alerts: ['StreamRejects', 'DeadLettersGrowing', 'DeadLettersNotRelayed'],
    async make() {
      const { name: topic, producer, admin: kafka } = platform.topic
      const messages = Array.from({ length: 1_100 }, () => ({ partition: 1, value: '{"half' }))
      await producer.send({ topic, messages })
      return () => kafka.createTopics({ topics: [{ topic: `${topic}.dlq` }], waitForLeaders: true })
    },
  },
  {
    what: 'nobody has looked for changes and no refresh has run',
    alerts: ['MartsOld', 'ScheduleLate'],
    async make() {
      await admin.query(`insert into ops.discovery (source, snapshot, system_identifier, discovered_at)
        select 'clean_upi_transactions', pg_current_snapshot(), system_identifier, now() - interval '1 hour'
        from pg_control_system()`)
      return () => upi('schedules', 'trigger', 'upi-refresh')
    },
  },
  {
    what: 'a day was refused and not closed',
    alerts: ['DayNotClosed', 'DayFailed'],
    async make() {
      const { rows } = await admin.query(`insert into ops.days (business_date, failed_at, error)
        values (${TODAY} - 2, now(), 'made by the test') returning business_date as day`)
      return () => upi('aggregate', '--date', rows[0].day)
    },
  },
  {
    what: 'the books were not looked at since the database was made, long ago',
    alerts: ['ReconcileLate'],
    async make() {
      await admin.query(`update ops.migrations set "timestamp" = '2026-01-01T00:00:00.000Z'`)
      // Whatever it finds.
      return () => runCli(['reconcile', '--from', '2026-01-10', '--to', '2026-01-10'], platform.env)
    },
  },
  {
    what: 'a row of raw is gone',
    alerts: ['BooksBroken'],
    async make() {
      // Which is then not so any more.
      await eventually(() => platform.seen.has('ReconcileLate'), Boolean, 60_000)
      const first = 'raw_upi_transactions where kafka_partition = 0 and kafka_offset = 0'
      await admin.query(`create table public.kept as select * from ${first}; delete from ${first}`)
      const { rows } = await admin.query(
        `select (kafka_timestamp at time zone 'UTC')::date as day from public.kept`,
      )
      const days = ['--from', rows[0].day, '--to', rows[0].day]
      expect(await runCli(['reconcile', ...days], platform.env)).toMatchObject({ code: 1 })
      return async () => {
        await admin.query('insert into raw_upi_transactions select * from public.kept')
        await upi('reconcile', ...days)
      }
    },
  },
  {
    what: 'a schedule is paused',
    alerts: ['SchedulePaused'],
    async make() {
      await upi('schedules', 'pause', 'reconcile')
      return () => upi('schedules', 'resume', 'reconcile')
    },
  },
  {
    what: 'a run fails',
    alerts: ['WorkflowsFailed'],
    async make() {
      const options = { taskQueue: own.name, workflowId: 'made-to-fail' }
      const run = platform.client.workflow.execute('dailyUpiAggregation', {
        ...options,
        args: [{ date: 'someday' }],
      })
      await expect(run).rejects.toThrow()
      return undefined
    },
  },
  {
    what: 'a dashboard asks for too much, and somebody leaves a transaction open',
    alerts: ['QuerySlow', 'TransactionLong'],
    async make() {
      const release = await hold(own.pool('upi_api'), 'set statement_timeout = 0', 'select 1')
      const end = askLong(own.pool('upi_report'))
      return async () => {
        await end()
        await release()
      }
    },
  },
  {
    what: 'the newest backup is old',
    alerts: ['BackupOld'],
    async make() {
      keepBackup('2026-02-01', Date.now() - 27 * 3_600_000)
      return async () => keepBackup('2026-02-02', Date.now())
    },
  },
  {
    what: 'disks fill up, sessions run out, memory grows',
    alerts: ['DiskLow', 'DiskFull', 'PostgresConnections', 'MemoryHigh'],
    async make() {
      const show = (home: number, lake: number, sessions: number, memory: number) => {
        platform.page = `upi_disk_free_bytes{folder="disk 1"} ${home}
upi_disk_size_bytes{folder="disk 1"} 100
upi_disk_free_bytes{folder="disk 2"} ${lake}
upi_disk_size_bytes{folder="disk 2"} 100
upi_postgres_connections{state="idle"} ${sessions}
upi_postgres_connections_max 97
process_resident_memory_bytes ${memory}
`
      }
      show(15, 5, 90, 460e6)
      return async () => show(50, 50, 20, 200e6)
    },
  },
]

const LATER_FAULTS: readonly Fault[] = [
  {
    what: 'a transaction of the stream waits for seconds',
    alerts: ['StreamWritesSlow'],
    async make() {
      const release = await lockOffset(0)
      await platform.topic.send(0, 1)
      // Shorter than the stream waits before it begins anew.
      await pause(2_500)
      await release()
      return undefined
    },
  },
  {
    what: 'the folder of the backups is none',
    alerts: ['FactsUnreadable'],
    async make() {
      const aside = `${platform.backups}-aside`
      renameSync(platform.backups, aside)
      writeFileSync(platform.backups, 'no folder')
      return async () => {
        rmSync(platform.backups)
        renameSync(aside, platform.backups)
      }
    },
  },
  {
    what: 'the worker is held up again and again, as by long computing',
    alerts: ['EventLoopBlocked'],
    async make() {
      const end = new AbortController()
      const stutter = async () => {
        while (!end.signal.aborted) {
          platform.worker.kill('SIGSTOP')
          await pause(700)
          platform.worker.kill('SIGCONT')
          await pause(100)
        }
      }
      const stuttering = stutter()
      return () => {
        end.abort()
        return stuttering
      }
    },
  },
]

function keepBackup(name: string, atMs: number): void {
  const folder = join(platform.backups, name)
  mkdirSync(folder, { recursive: true })
  const record = { format: 1, name, began_at: new Date(atMs).toISOString() } as BackupRecord
  writeFileSync(join(folder, RECORD), recordText(record))
}

/** Makes a fault, hears of it, undoes it and hears that it is over. */
async function tryFault({ what, alerts, make }: Fault): Promise<void> {
  try {
    const undo = await make()
    await platform.fires(alerts)
    await undo?.()
    await platform.clears(alerts)
  } catch (cause) {
    throw new Error(what, { cause })
  }
}

test('while all is well no alert fires', async () => {
  await platform.topic.send(0, 5)
  await platform.topic.send(1, 5)
  await platform.topic.written(10)
  await platform.settle()
  await eventually(
    () => platform.firing(),
    ({ length }) => length === 0,
  )
})

test('each fault is told by its alert, which clears when it is over', async () => {
  await Promise.all(FAULTS.map(tryFault))
}, 150_000)

test('so is each that needs what another has held up', async () => {
  await Promise.all(LATER_FAULTS.map(tryFault))
})

test('processes that are gone are told, and a partition whose messages expired meanwhile', async () => {
  const { topic, stream, worker } = platform
  worker.kill('SIGKILL')
  stream.kill()
  await Promise.all([stream.ended, worker.ended])
  const [{ high = '0' } = {}] = (await topic.admin.fetchTopicOffsets(topic.name)).filter(
    ({ partition }) => partition === 1,
  )
  await topic.send(1, 3)
  await topic.expire(1, Number(high) + 2)
  await platform.fires(['StreamDown', 'WorkerDown'])
  platform.startStream()
  platform.startWorker()
  await platform.fires(['StreamPartitionLost'])
  platform.stream.kill()
  await platform.stream.ended
  await upi('offsets', 'seek', '--to', 'earliest', '--partition', '1')
  platform.startStream()
  await platform.clears(['StreamDown', 'WorkerDown', 'StreamPartitionLost', 'StreamNotReady'])
}, 90_000)

test('no alert is left that was not heard', () => {
  expect(ALERTS.map(({ name }) => name).filter((name) => !platform.seen.has(name))).toEqual([])
})
