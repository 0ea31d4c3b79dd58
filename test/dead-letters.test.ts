import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { runCli, useStack } from './harness.ts'

const own = useStack('database')
let pool: pg.Pool

// Minutes of one morning, and the last one late in the evening of the Indian day before.
const LETTERS = [
  { at: '2026-02-01 05:00Z', partition: 0, offset: 10, code: 'NOT_JSON' },
  { at: '2026-02-01 05:01Z', partition: 1, offset: 11, code: 'VPA_FORMAT' },
  { at: '2026-02-01 05:01Z', partition: 2, offset: 12, code: 'NOT_JSON' },
  { at: '2026-02-01 05:02Z', partition: 0, offset: 13, code: 'EMPTY' },
  { at: '2026-01-31 18:29Z', partition: 1, offset: 14, code: 'NOT_UTF8' },
]

beforeAll(async () => {
  pool = own.pool()
  await pool.query(
    `select ops.ensure_partitions('raw_upi_transactions', '2026-01-31', '2026-02-01')`,
  )
  for (const { at, partition, offset, code } of LETTERS) {
    const place = [at, offset, partition, own.name]
    const payload = code === 'EMPTY' ? null : `secret of asha.k@okhdfcbank ${offset}`
    const bytes = code === 'NOT_UTF8' ? Buffer.from([0xff, 0xfe]) : null
    await pool.query(
      `insert into raw_upi_transactions
         (kafka_timestamp, kafka_offset, kafka_partition, topic, message_key)
       values ($1, $2, $3, $4, 'key of ' || $2::bigint)`,
      place,
    )
    await pool.query(
      `insert into rejected_upi_transactions
         (kafka_timestamp, rejected_at, kafka_offset, kafka_partition, topic, reason_code, reasons,
          detail, payload, payload_bytes)
       values ($1, $1, $2, $3, $4, $5, array[$5], $5 || ': value', $6, $7)`,
      [...place, code, bytes === null ? payload : null, bytes],
    )
  }
})

async function rejected(...args: string[]) {
  return await runCli(['rejected', ...args], { ...own.env, UPI_ACTOR: 'meera' })
}

async function listed(...args: string[]): Promise<{ places: string[]; next: string | null }> {
  const { code, stdout, stderr } = await rejected('list', '--json', ...args)
  expect(code, stderr).toBe(0)
  const { letters, next } = JSON.parse(stdout)
  type Letter = { partition: number; offset: number }
  return { places: letters.map((each: Letter) => `${each.partition}:${each.offset}`), next }
}

async function audit(action: string) {
  const { rows } = await pool.query(
    'select actor, subject, reason, details from ops.audit_log where action = $1 order by audit_id',
    [action],
  )
  return rows
}

test('they are listed newest first, a page at a time, without what they say', async () => {
  const first = await listed('--limit', '2')
  expect(first).toEqual({ places: ['0:13', '2:12'], next: '2:12' })
  const second = await listed('--limit', '2', '--after', '2:12')
  expect(second).toEqual({ places: ['1:11', '0:10'], next: '0:10' })
  expect(await listed('--limit', '2', '--after', '0:10')).toEqual({ places: ['1:14'], next: null })
  const { stdout, stderr } = await rejected('list', '--limit', '4')
  expect(stdout.split('\n')[0]).toMatch(/^when +code +detail +partition +offset +resolution$/)
  expect(stdout).toMatch(/^2026-02-01 05:01:00Z +VPA_FORMAT +VPA_FORMAT: value +1 +11$/m)
  expect(stdout).not.toContain('asha')
  expect(stderr).toBe('there are more: --after 0:10\n')
})

test('they are filtered by code and by when they were rejected: Indian days, or instants', async () => {
  expect((await listed('--code', 'not_json')).places).toEqual(['2:12', '0:10'])
  expect((await listed('--from', '2026-02-01')).places).not.toContain('1:14')
  expect((await listed('--to', '2026-01-31')).places).toEqual(['1:14'])
  const minute = ['--from', '2026-02-01T05:01:00Z', '--to', '2026-02-01T10:32:00+05:30']
  expect((await listed(...minute)).places).toEqual(['2:12', '1:11'])
  expect((await rejected('list', '--from', '2026-02-01T05:01:00')).code).toBe(2)
  expect((await rejected('list', '--code', 'NO_SUCH')).code).toBe(2)
  expect((await rejected('list', '--after', '0:999')).code).toBe(1)
})

test('they are counted by code', async () => {
  const { stdout } = await rejected('list', '--counts', '--json')
  const counts = JSON.parse(stdout).map((row: { reason_code: string; letters: number }) => [
    row.reason_code,
    row.letters,
  ])
  expect(counts).toEqual([
    ['NOT_JSON', 2],
    ['EMPTY', 1],
    ['NOT_UTF8', 1],
    ['VPA_FORMAT', 1],
  ])
})

test('who reads one must say why, and is written down', async () => {
  const text = await rejected('show', '1:11', '--reason', 'ticket 7')
  expect(text.stdout).toContain('secret of asha.k@okhdfcbank 11')
  expect(text.stdout).toMatch(/^key +key of 11$/m)
  const { stdout } = await rejected('show', '1:14', '--reason', 'ticket 8', '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    partition: 1,
    offset: 14,
    code: 'NOT_UTF8',
    key: 'key of 14',
    payload: null,
    payload_base64: '//4=',
  })
  expect(await audit('reveal')).toEqual(
    [
      ['1/11', 'ticket 7'],
      ['1/14', 'ticket 8'],
    ].map(([place, reason]) => ({
      actor: 'meera',
      subject: `rejected ${own.name}/0/${place}`,
      reason,
      details: {},
    })),
  )
  expect((await rejected('show', '1:11')).code).toBe(2)
  expect((await rejected('show', '1:11', '--reason', ' ')).code).toBe(2)
  const missing = await rejected('show', '1:12', '--reason', 'ticket 9')
  expect(missing.code).toBe(1)
  expect(missing.stderr).toContain(`${own.name} has no dead letter at 1:12`)
  expect(await audit('reveal')).toHaveLength(2)
})

test('they are discarded by place or by a confirmed filter, once, with the audit row beside', async () => {
  const none = await rejected('discard')
  expect(none.code).toBe(2)
  expect((await rejected('discard', '0:13', '0:999')).code).toBe(1)
  const counted = await rejected('discard', '--code', 'NOT_JSON')
  expect(counted.code).toBe(2)
  expect(counted.stderr).toContain('2 unresolved dead letters are meant; none was discarded')
  expect((await listed()).places).toHaveLength(LETTERS.length)

  const byPlace = await rejected('discard', '0:10', '0:13', '--reason', 'old app', '--json')
  expect(JSON.parse(byPlace.stdout)).toEqual({ discarded: 2, already_resolved: 0 })
  const byCode = await rejected('discard', '--code', 'NOT_JSON', '--yes')
  expect(byCode.stderr).toBe('1 discarded; 1 had been resolved before\n')
  const again = await rejected('discard', '0:10', '--json')
  expect(JSON.parse(again.stdout)).toEqual({ discarded: 0, already_resolved: 1 })

  expect((await listed()).places).toEqual(['1:11', '1:14'])
  expect((await listed('--resolved')).places).toHaveLength(LETTERS.length)
  const { rows } = await pool.query(
    `select kafka_offset::int as letter, resolved_by, resolved_at > now() - interval '1 minute' as now
       from rejected_upi_transactions where resolution = 'discarded' order by 1`,
  )
  expect(rows).toEqual([10, 12, 13].map((letter) => ({ letter, resolved_by: 'meera', now: true })))
  const places = [
    { topic: own.name, epoch: 0, partition: 0, offset: '10' },
    { topic: own.name, epoch: 0, partition: 0, offset: '13' },
  ]
  const rowsOfAudit = await audit('discard rejected')
  expect(rowsOfAudit.map(({ subject }) => JSON.parse(subject))).toEqual([
    places,
    { topic: own.name, code: 'NOT_JSON' },
  ])
  expect(rowsOfAudit).toMatchObject([
    { actor: 'meera', reason: 'old app', details: { letters: 2 } },
    { actor: 'meera', reason: null, details: { letters: 1 } },
  ])
})
