import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHECKOUT, need } from '../platform/config.ts'
import { createRegistry } from '../platform/registry.ts'
import { createSchemaReader } from '../platform/schema-reader.ts'
import { eventually, runCli, startCli, useStack } from './harness.ts'
import { plainEnvironment } from './plain-environment.ts'
import { readTopic, topicEnd } from './read-topic.ts'

const own = useStack('database', 'topics')
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'upi-import-'))
  expect((await runCli(['schema', 'register'], own.env)).code).toBe(0)
})

afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const HEADER =
  'Txn Id;Sender UPI ID;Receiver UPI ID;Amount (INR);Txn Status;Txn Date;Txn Time;UTR;Remarks'

/** A row of another system, ten minutes old, by the clocks of India. */
function row(
  id: string,
  cells: Partial<Record<'amount' | 'status' | 'payer' | 'utr', string>> = {},
) {
  const stamp = new Date(Date.now() + 320 * 60_000).toISOString()
  const date = stamp.slice(0, 10).split('-').reverse().join('-')
  const time = stamp.slice(11, 19)
  const { amount = '₹1,00,249.50', status = 'Successful', payer = 'asha.k@okhdfcbank' } = cells
  return `${id};${payer};chaishop@ybl;"${amount}";${status};${date};${time};${cells.utr ?? '603210123456'};"said ""hi""; left"`
}

const MAP = {
  zone: 'Asia/Kolkata',
  fields: { timestamp: { column: ['Txn Date', 'Txn Time'], format: 'DD-MM-YYYY HH:mm:ss' } },
}

function mapping(): string {
  return file('map.json', JSON.stringify(MAP))
}

async function arrived<T>(work: () => Promise<T>, count: number) {
  const from = await topicEnd(own.configFor())
  const result = await work()
  expect((await topicEnd(own.configFor())).total - from.total).toBe(count)
  const records = count === 0 ? [] : await readTopic(own.configFor(), { from, count })
  return { result, records }
}

describe('rows of another system', () => {
  test.each(['plain', 'json', 'avro'])('arrive %s, keyed by their transaction', async (framing) => {
    const path = file(
      'rows.csv',
      [HEADER, row('A1'), row('A2', { status: 'PAYMENT_FAILED' })].join('\r\n'),
    )
    const args = ['import', path, '--map', mapping(), '--framing', framing]
    const { result, records } = await arrived(() => runCli(args, own.env), 2)
    expect(result.stderr).toContain('not imported: Remarks')
    expect([result.code, result.stdout]).toEqual([
      0,
      expect.stringMatching(/rows\.csv +3 +0 +2 +2 +0/),
    ])
    const messages = await Promise.all(records.map(({ value }) => decode(value)))
    expect(records.map(({ key }) => key).sort()).toEqual(['A1', 'A2'])
    expect(messages.find(({ txn_id }) => txn_id === 'A2')).toMatchObject({
      payer: 'asha.k@okhdfcbank',
      payee: 'chaishop@ybl',
      amount: '100249.50',
      status: 'FAILED',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30$/),
      rrn: '603210123456',
    })
  })

  test('go through the stream into clean', async () => {
    const lines = [
      '{"id":"C1","from":"asha.k@okhdfcbank","to":"chaishop@ybl","amount_paise":24950,"status":"S","ts":',
    ]
    const path = file('rows.ndjson.gz', gzipSync(`${lines[0]}${Date.now() - 60_000}}\n`))
    expect((await runCli(['import', path], own.env)).code).toBe(0)
    const stream = startCli(['stream'], own.env)
    const sql = `select payer, payee, amount, status from clean_upi_transactions where txn_id = 'C1'`
    const pool = own.pool()
    const clean = await eventually(async () => (await pool.query(sql)).rows[0] as object)
    expect(clean).toEqual({
      payer: 'as***k@okhdfcbank',
      payee: 'chaishop@ybl',
      amount: '249.50',
      status: 'SUCCESS',
    })
    stream.kill('SIGTERM')
    expect((await stream.ended).code).toBe(0)
  })

  test('are read from stdin', async () => {
    const path = file('rows.csv', [HEADER, row('S1')].join('\n'))
    const { result } = await arrived(() => importStdin(path, ['--map', mapping()]), 1)
    expect(result).toMatch(/^- +2 +0 +1 +1 +0$/m)
  })
})

describe('bad lines', () => {
  const bad = () => {
    const lines = [
      HEADER,
      row('B1'),
      row('B2', { amount: 'lots' }),
      'B3;cut',
      '',
      row('B4', { status: 'VIOLET', payer: 'nobody' }),
      row('B5', { amount: '99,99,999.00' }),
      row('B6').replace(/\d\d-\d\d-\d{4}/, '01-01-2001'),
      row('B7').replace('B7', 'B7"'),
      row('B8', { utr: 'none' }),
      row('B9'),
    ]
    const notUtf8 = Buffer.from([0xe9])
    return file('bad.csv', Buffer.concat([Buffer.from(lines.join('\n')), notUtf8]))
  }

  test('are refused with their numbers and never shown; the others are sent', async () => {
    const rejects = join(folder, 'rejects.ndjson')
    const args = ['import', bad(), '--map', mapping(), '--rejects', rejects]
    const { result, records } = await arrived(() => runCli(args, own.env), 2)
    expect(records.map(({ key }) => key).sort()).toEqual(['B1', 'B8'])
    const { code, stdout, stderr } = result
    expect([code, stdout]).toEqual([1, expect.stringMatching(/bad\.csv +11 +1 +9 +2 +7/)])
    for (const words of [
      /AMOUNT_NOT_DECIMAL +amount \(column Amount \(INR\)\) +1 +3/,
      /NOT_CSV +number of cells +1 +4/,
      /STATUS_UNKNOWN +status \(column Txn Status\) +1 +6 +fields\.status\.words/,
      /AMOUNT_OVER_LIMIT +amount \(column Amount \(INR\)\) +1 +7 +UPI_AMOUNT_LIMIT/,
      /TIMESTAMP_ANCIENT +timestamp \(column Txn Date \+ Txn Time\) +1 +8 +raise UPI_EVENT_AGE_DAYS_MAX/,
      /NOT_CSV +quotes +1 +9/,
      /NOT_UTF8 +line +1 +11 +encoding in a mapping/,
      /1 rows have a malformed rrn \(column UTR\), which becomes null/,
    ])
      expect(stdout).toMatch(words)
    expect(`${stdout}${stderr}`).not.toMatch(/nobody|VIOLET|asha|lots/)

    expect(statSync(rejects).mode & 0o777).toBe(0o600)
    const kept = readFileSync(rejects, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(kept.map(({ line }) => line)).toEqual([3, 4, 6, 7, 8, 9, 11])
    expect(kept[1]).toEqual({
      file: bad(),
      line: 4,
      codes: ['NOT_CSV'],
      reasons: ['number of cells'],
      text: 'B3;cut',
    })
    const again = await runCli(args, own.env)
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringContaining('holds something already'),
    ])
  })

  test('a dry run counts the same, sends nothing and needs no server', async () => {
    const { result } = await arrived(
      () =>
        runCli(['import', bad(), '--map', mapping(), '--dry-run', '--json'], { UPI_HOME: folder }),
      0,
    )
    const report = JSON.parse(result.stdout)
    expect([result.code, report.files]).toEqual([
      1,
      [{ file: bad(), lines: 11, blank: 1, rows: 9, accepted: 2, refused: 7, late: [] }],
    ])
    expect(report.reasons).toContainEqual({
      code: 'STATUS_UNKNOWN',
      detail: 'status (column Txn Status)',
      lines: 1,
      at: [{ file: bad(), line: 6 }],
    })
    expect(report.nulled).toEqual({ 'rrn (column UTR)': 1 })
    expect(report.mappings).toMatchObject([{ file: bad(), ignored: ['Remarks'], notes: [] }])
  })
})

test('a file larger than the memory is read', async () => {
  const rows = `${row('L1')};${'x'.repeat(1_000)}\n`.repeat(120_000)
  const path = file('large.csv.gz', gzipSync(`${HEADER};Notes\n${rows}`, { level: 1 }))
  const env = { UPI_HOME: folder, NODE_OPTIONS: '--max-old-space-size=96' }
  const args = ['import', path, '--map', mapping(), '--dry-run', '--json']
  const { code, stdout, stderr } = await runCli(args, env)
  expect(code, stderr).toBe(0)
  expect(JSON.parse(stdout).files).toMatchObject([{ rows: 120_000, accepted: 120_000 }])
})

test('an ambiguous file is not guessed at; the mapping that is printed can be completed', async () => {
  const ambiguous = row('M1').replace(/\d\d-\d\d-\d{4}/, '02-03-2026')
  const path = file('ambiguous.csv', [HEADER, ambiguous].join('\n'))
  const refused = await runCli(['import', path], own.env)
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('both read it')])
  const printed = await runCli(['import', path, '--print-map', '--zone', 'IST'], own.env)
  expect(printed.code).toBe(1)
  const map = JSON.parse(printed.stdout)
  expect(map).toMatchObject({ delimiter: ';', zone: 'IST', fields: { rrn: { column: 'UTR' } } })
  map.fields.timestamp.format = 'DD-MM-YYYY HH:mm:ss'
  const whole = await runCli(
    ['import', path, '--dry-run', '--map', file('whole.json', JSON.stringify(map))],
    own.env,
  )
  expect([whole.code, whole.stdout]).toEqual([
    0,
    expect.stringContaining('DD-MM-YYYY HH:mm:ss, zone IST'),
  ])
})

test('what is broken off says from which line to go on, and nothing is missing then', async () => {
  const total = 40_000
  const rows = Array.from({ length: total }, (_, i) => row(`R${i}`))
  const path = file('long.csv', [HEADER, ...rows].join('\n'))
  const from = await topicEnd(own.configFor())
  const sent = async () => (await topicEnd(own.configFor())).total - from.total
  const args = ['import', path, '--map', mapping(), '--framing', 'plain']
  const run = startCli(args, own.env)
  await eventually(async () => (await sent()) > 0)
  run.kill('SIGTERM')
  const { code, stderr } = await run.ended
  const line = Number(/--from-line (\d+)/.exec(stderr)?.[1])
  expect([code, await sent()]).toEqual([130, line - 2])
  expect((await runCli([...args, '--from-line', String(line)], own.env)).code).toBe(0)
  expect(await sent()).toBe(total)
  const records = await readTopic(own.configFor(), { from, count: total })
  expect(new Set(records.map(({ key }) => key)).size).toBe(total)
}, 60_000)

test('a stdin that gives no more is not waited for when the import is stopped', async () => {
  const rows = Array.from({ length: 5_000 }, (_, i) => row(`W${i}`))
  const from = await topicEnd(own.configFor())
  const args = ['import', '-', '--map', mapping(), '--framing', 'plain']
  const env = { ...plainEnvironment(), ...own.env }
  const child = spawn(join(CHECKOUT, 'upi'), args, { env, stdio: ['pipe', 'ignore', 'pipe'] })
  const stderr = text(child.stderr)
  child.stdin.write(`${[HEADER, ...rows].join('\n')}\n`)
  await eventually(async () => (await topicEnd(own.configFor())).total - from.total === 5_000)
  child.kill('SIGTERM')
  expect([await once(child, 'exit'), await stderr]).toEqual([
    [130, null],
    expect.stringContaining('--from-line 5002'),
  ])
  child.stdin.destroy()
})

test.each([
  [['import'], 'missing required argument'],
  [['import', 'nowhere.csv'], 'there is no file nowhere.csv'],
  [['import', 'package.json', 'package.json'], 'given twice'],
  [['import', 'package.json', '--map', 'nowhere.json'], 'nowhere.json cannot be read'],
  [['import', 'package.json', '--framing', 'xml'], 'not plain, json or avro'],
  [['import', 'README.md'], 'README.md: '],
])('%o is refused', async (args, words) => {
  const { code, stderr } = await runCli(args, own.env)
  expect([code, stderr.trimEnd().split('\n')]).toEqual([2, [expect.stringContaining(words)]])
})

test('when Kafka is away it exits 3 and says so', async () => {
  const path = file('away.csv', [HEADER, row('K1')].join('\n'))
  const args = ['import', path, '--map', mapping(), '--framing', 'plain']
  const { code, stderr } = await runCli(args, { ...own.env, KAFKA_BROKERS: '127.0.0.1:9' })
  expect([code, stderr]).toEqual([3, expect.stringContaining('Kafka at 127.0.0.1:9')])
})

async function importStdin(path: string, options: readonly string[]): Promise<string> {
  const args = ['-c', '"$@" < "$IMPORTED"', 'sh', join(CHECKOUT, 'upi'), 'import', '-', ...options]
  const env = { ...plainEnvironment(), ...own.env, IMPORTED: path }
  return (await promisify(execFile)('/bin/sh', args, { env })).stdout
}

async function decode(value: Buffer): Promise<Record<string, unknown>> {
  if (value[0] !== 0) return JSON.parse(value.toString())
  const reader = createSchemaReader(createRegistry(need(own.configFor(), 'schemaRegistryUrl')))
  const schema = await reader.load(value.readUInt32BE(1))
  const body = value.subarray(5)
  return schema.type === 'AVRO'
    ? { ...(schema.fromBuffer(body) as object) }
    : JSON.parse(body.toString())
}
