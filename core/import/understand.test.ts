import { describe, expect, test } from 'vitest'
import { recogniseColumn } from './columns.ts'
import type { Mapping } from './mapping.ts'
import { understand } from './understand.ts'

const ROW = 'T1,a.b@ybl,shop@ybl,249.50,SUCCESS,2026-02-01T10:30:00+05:30'

function look(text: string, given: Mapping = {}) {
  return understand(text.split('\n'), given)
}

describe('columns', () => {
  test.each([
    ['txn_id', 'txn_id', 'own'],
    ['TxnId', 'txn_id', 'own'],
    ['Transaction ID', 'txn_id', 'strong'],
    ['upi_txn_id', 'txn_id', 'strong'],
    ['payer_vpa', 'payer', 'strong'],
    ['Sender UPI ID', 'payer', 'strong'],
    ['from_vpa', 'payer', 'strong'],
    ['payee_vpa', 'payee', 'strong'],
    ['Amount (INR)', 'amount', 'strong'],
    ['amount_paise', 'amount', 'strong'],
    ['txn_status', 'status', 'strong'],
    ['created_at', 'timestamp', 'strong'],
    ['Date', 'timestamp', 'weak'],
    ['utr', 'rrn', 'strong'],
    ['UPI Ref No.', 'rrn', 'strong'],
  ] as const)('%s is %s', (column, field, rank) =>
    expect(recogniseColumn(column)).toMatchObject({ field, rank }),
  )

  test('paise are known by the name of their column', () => {
    expect(recogniseColumn('amount_in_paise')?.unit).toBe('paise')
    expect(recogniseColumn('amount')?.unit).toBeUndefined()
  })

  test.each(['', 'upi_id', 'order_id', 'remarks', 'constructor', 'updated_at'])(
    '%j is nothing we know',
    (column) => expect(recogniseColumn(column)).toBeUndefined(),
  )
})

describe('a file is understood', () => {
  test.each([',', ';', '\t', '|'] as const)('with %j between its cells', (delimiter) => {
    const header = 'Txn Id,payer_vpa,payee_vpa,Amount,Status,created_at,remarks'
    const text = `${header}\n${ROW},"hello, you"`.replaceAll(/,(?! )/g, delimiter)
    const { mapping, ignored, faults, dataFrom } = look(text)
    expect(faults).toEqual([])
    expect(mapping).toMatchObject({ format: 'csv', delimiter, header: 1 })
    expect(mapping.fields?.timestamp).toEqual({ column: 'created_at', format: 'iso' })
    expect([ignored, dataFrom]).toEqual([['remarks'], 2])
  })

  test('as JSON lines, inner objects included', () => {
    const row = {
      id: 'T1',
      payer: { vpa: 'a@ybl' },
      payee: { vpa: 'b@ybl' },
      amount: 5,
      status: 'S',
      ts: 1769922000123,
    }
    const { mapping, columns, faults } = look(`${JSON.stringify(row)}\n`)
    expect(faults).toEqual([])
    expect(mapping).toMatchObject({ format: 'ndjson' })
    expect(mapping.fields?.timestamp).toEqual({ column: 'ts', format: 'epoch-millis' })
    expect(columns).toEqual(['id', 'payer.vpa', 'payee.vpa', 'amount', 'status', 'ts'])
  })

  test('with a date and a time in two columns', () => {
    const header = 'txn_id,payer,payee,amount,status,Txn Date,Txn Time'
    const { mapping, faults } = look(`${header}\nT1,a@ybl,b@ybl,5,S,13/02/2026,10:30:00`, {
      zone: 'IST',
    })
    expect(faults).toEqual([])
    expect(mapping.fields?.timestamp).toEqual({
      column: ['Txn Date', 'Txn Time'],
      format: 'DD/MM/YYYY HH:mm:ss',
    })
  })

  test('with a header after some lines, and a name over two lines', () => {
    const text = `Statement\n\n"txn\nid",payer,payee,amount,status,timestamp\n${ROW}`
    const { mapping, dataFrom, faults } = look(text, {
      header: 3,
      fields: { txn_id: { column: 'txn\nid' } },
    })
    expect([mapping.header, dataFrom, faults]).toEqual([3, 5, []])
  })

  test('without a header, by a mapping of positions', () => {
    const fields = Object.fromEntries(
      ['txn_id', 'payer', 'payee', 'amount', 'status', 'timestamp'].map((field, i) => [
        field,
        { column: `#${i + 1}` },
      ]),
    )
    const { dataFrom, faults, columns } = look(`${ROW}\n${ROW}`, { header: 0, fields })
    expect([dataFrom, faults, columns.length]).toEqual([1, [], 6])
  })

  test('the given mapping stands, and the rest is made out', () => {
    const header = 'ref,payer,payee,amount,status,timestamp,city'
    const given: Mapping = {
      fields: { txn_id: { column: 'ref' }, city: null, status: { words: { OK: 'SUCCESS' } } },
    }
    const { mapping, ignored, faults } = look(`${header}\n${ROW},Pune`, given)
    expect([faults, ignored]).toEqual([[], ['city']])
    expect(mapping.fields).toMatchObject({
      txn_id: { column: 'ref' },
      status: { column: 'status', words: { OK: 'SUCCESS' } },
      city: null,
    })
  })

  test('its own mapping, given back, is understood the same', () => {
    const header = 'Txn Id,payer_vpa,payee_vpa,amount_paise,Status,created_at'
    const first = look(`${header}\n${ROW}`)
    expect(look(`${header}\n${ROW}`, first.mapping)).toEqual(first)
  })

  test('whole amounts of unnamed unit are pointed out', () => {
    const text =
      'txn_id,payer,payee,amount,status,timestamp\nT1,a@ybl,b@ybl,24950,S,2026-02-01T10:30Z'
    expect(look(text).notes).toEqual([expect.stringContaining('taken as rupees')])
    expect(look(text, { fields: { amount: { column: 'amount', unit: 'rupees' } } }).notes).toEqual(
      [],
    )
  })
})

describe('what is not obvious is asked for', () => {
  const header = 'txn_id,payer,payee,amount,status'
  const row = 'T1,a@ybl,b@ybl,5,S'
  test.each<[string, string, Mapping, string]>([
    ['a missing field', `${header}\n${row}`, {}, 'no column is known to be timestamp'],
    [
      'which of two columns',
      `${header},created_at,txn_date\n${row},x,y`,
      {},
      'columns created_at, txn_date could all be it',
    ],
    [
      'day and month',
      `${header},timestamp\n${row},01/02/2026 10:30`,
      { zone: 'IST' },
      'DD/MM/YYYY HH:mm and MM/DD/YYYY HH:mm both read it',
    ],
    [
      'the zone',
      `${header},timestamp\n${row},2026-02-01 10:30:00`,
      {},
      'carry no zone; give --zone',
    ],
    ['the date format', `${header},timestamp\n${row},yesterday`, {}, 'date format is not known'],
    ['the delimiter', 'a b c\nd e f', {}, 'delimiter is not obvious'],
    ['the header', `${row},2026-02-01T10:30:00Z`, {}, 'is there a header?'],
    ['lines', '[{"txn_id":"T1"}]', {}, 'jq -c'],
    ['something to read', '\n\n', {}, 'no line with anything in it'],
    [
      'a known zone',
      `${header},timestamp\n${row},2026-02-01 10:30:00`,
      { zone: 'Mars' },
      "zone 'Mars' is not known",
    ],
    [
      'a column that is there',
      `${header},timestamp\n${row},2026-02-01T10:30:00Z`,
      { fields: { mcc: { column: 'nope' } } },
      "fields.mcc: the file has no column 'nope'",
    ],
    [
      'a column that is there once',
      `${header},timestamp,x,x\n${row},2026-02-01T10:30:00Z,1,2`,
      { fields: { mcc: { column: 'x' } } },
      "more than one column 'x'",
    ],
    [
      'a format that is one',
      `${header},timestamp\n${row},2026-02-01`,
      { fields: { timestamp: { column: 'timestamp', format: 'yyyy' } } },
      "format 'yyyy' is none",
    ],
    [
      'a source',
      `${header},timestamp\n${row},2026-02-01T10:30:00Z`,
      { fields: { mcc: { words: {} } } },
      'fields.mcc gives neither column nor value',
    ],
  ])('%s', (_, text, given, words) => {
    expect(look(text, given).faults).toContainEqual(expect.stringContaining(words))
  })

  test('nothing of the rows is ever shown', () => {
    const secret = 'T1,asha@ybl,ravi@ybl,5,S,01/02/2026 10:30'
    for (const text of [
      secret,
      `${header},timestamp\n${secret}`,
      `${header},created_at\n${secret}`,
    ]) {
      expect(look(text).faults.join()).not.toMatch(/asha|ravi|01\/02/)
    }
  })
})
