import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importCommand } from '../cli/commands/import.ts'
import { readMapping } from './mapping-file.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'upi-mapping-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

async function read(mapping: unknown) {
  const path = join(folder, 'map.json')
  writeFileSync(path, typeof mapping === 'string' ? mapping : JSON.stringify(mapping))
  return await readMapping(path)
}

test('a name alone stands for a rule', async () => {
  const fields = { txn_id: 'id', timestamp: ['date', 'time'], mcc: null, amount: { unit: 'paise' } }
  expect(await read({ format: 'csv', fields })).toEqual({
    format: 'csv',
    fields: {
      txn_id: { column: 'id' },
      timestamp: { column: ['date', 'time'] },
      mcc: null,
      amount: { unit: 'paise' },
    },
  })
})

test.each<[unknown, string]>([
  ['{', 'is not JSON'],
  [[], 'the mapping must be object'],
  [{ fieldz: {} }, 'fieldz is not known'],
  [{ fields: { vpa: 'x' } }, 'fields.vpa is not known'],
  [{ fields: { amount: { unit: 'lakh' } } }, 'fields.amount.unit must be one of "rupees", "paise"'],
  [{ fields: { payer: { unit: 'paise' } } }, 'fields.payer.unit is not known'],
  [{ fields: { payer: 5 } }, 'fields.payer must be'],
  [{ delimiter: ':' }, 'delimiter must be one of'],
  [{ header: -1 }, 'header must be >= 0'],
])('%j: %s', async (mapping, words) => {
  const fault = await read(mapping).catch((caught: Error) => caught)
  expect(fault).toMatchObject({ code: 'OPTION_INVALID', message: expect.stringContaining(words) })
  expect((fault as Error).message).not.toContain('\n')
})

test('a file that is not there is named', async () => {
  await expect(readMapping(join(folder, 'none'))).rejects.toThrow('none cannot be read')
})

test('the example of ./upi import --help is a mapping', async () => {
  const help: string[] = []
  const command = importCommand().configureOutput({ writeOut: (text) => help.push(text) })
  command.outputHelp()
  const example = /^ {2}(\{.*\})$/ms.exec(help.join(''))?.[1] ?? ''
  expect((await read(example)).fields?.timestamp?.column).toEqual(['Date', 'Time'])
})
