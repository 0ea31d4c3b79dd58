import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aFields, aRecord, RULES } from '../../test/fixtures/records.ts'
import type { Rules } from '../processor.ts'
import { decodeMessage } from './decode-message.ts'
import { validateMessage } from './validate-message.ts'

function validate(fields: Record<string, unknown>, rules: Rules = RULES) {
  const decoded = decodeMessage.process(aRecord(fields), rules)
  if (!decoded.ok) throw new Error('does not decode')
  return validateMessage.process(decoded.value, rules)
}

function codes(over: Record<string, unknown>, rules: Rules = RULES): string {
  const result = validate(aFields(over), rules)
  if (result.ok) return 'ok'
  return result.reasons.map(({ code, detail }) => `${code}:${detail}`).join(' ')
}

test.each([
  [{}, 'ok'],
  [{ payer: undefined }, 'FIELD_MISSING:payer'],
  [{ status: null }, 'FIELD_MISSING:status'],
  [{ txn_id: 17 }, 'FIELD_TYPE:txn_id'],
  [{ amount: true }, 'FIELD_TYPE:amount'],
  [{ amount: [] }, 'FIELD_TYPE:amount'],
  [{ txn_id: '' }, 'TXN_ID_FORMAT:txn_id'],
  [{ txn_id: 'T123456' }, 'ok'],
  [{ txn_id: 'a b' }, 'TXN_ID_FORMAT:txn_id'],
  [{ txn_id: 'x'.repeat(65) }, 'TXN_ID_FORMAT:txn_id'],
  [{ payer: 'asha' }, 'VPA_FORMAT:payer'],
  [{ payee: 'a@b' }, 'VPA_FORMAT:payee'],
  [{ amount: 'ten' }, 'AMOUNT_NOT_DECIMAL:amount'],
  [{ amount: '1.001' }, 'AMOUNT_SCALE:amount'],
  [{ amount: 0 }, 'AMOUNT_NOT_POSITIVE:amount'],
  [{ amount: '1000000.01' }, 'AMOUNT_OVER_LIMIT:amount'],
  [{ amount: '150000' }, 'ok'], // Lawful payments over one lakh exist.
  [{ status: 'failure' }, 'ok'],
  [{ status: 'constructor' }, 'STATUS_UNKNOWN:status'],
  [{ timestamp: 'yesterday' }, 'TIMESTAMP_FORMAT:timestamp'],
  [{ timestamp: '2026-02-01T10:30:00' }, 'TIMESTAMP_NO_ZONE:timestamp'],
  [{ timestamp: '2026-02-01T10:35:05.000+05:30' }, 'ok'],
  [{ timestamp: '2026-02-01T10:35:05.001+05:30' }, 'TIMESTAMP_FUTURE:timestamp'],
  [{ timestamp: '2024-12-01T10:30:00+05:30' }, 'TIMESTAMP_ANCIENT:timestamp'],
  [
    { timestamp: 'x', amount: '-1.234', payer: null, txn_id: '!' },
    'FIELD_MISSING:payer TXN_ID_FORMAT:txn_id AMOUNT_SCALE:amount AMOUNT_NOT_POSITIVE:amount ' +
      'TIMESTAMP_FORMAT:timestamp',
  ],
])('%o: %s', (over, expected) => {
  expect(codes(over)).toBe(expected)
})

test('the npci profile wants exactly 35 letters and digits', () => {
  const npci: Rules = { ...RULES, txnIdProfile: 'npci' }
  expect(codes({}, npci)).toBe('ok')
  expect(codes({ txn_id: 'T123456' }, npci)).toBe('TXN_ID_FORMAT:txn_id')
})

test('a zone in the settings admits timestamps without one', () => {
  const ist: Rules = { ...RULES, naiveOffsetMinutes: 330 }
  expect(codes({ timestamp: '2026-02-01T10:30:00' }, ist)).toBe('ok')
})

test.each([
  [{ rrn: '12' }, 'rrn'],
  [{ mcc: 5814 }, 'mcc'],
  [{ type: 'GIFT' }, 'type'],
  [{ channel: '' }, 'channel'],
  [{ completed_at: 'soon' }, 'completed_at'],
  [{ completed_at: '2026-02-01T10:29:59+05:30' }, 'completed_at'],
  [{ city: 'x'.repeat(256) }, 'city'],
  [{ city: 'half a pair \ud800' }, 'city'],
  [{ response_code: '|WITHOUT A CODE|' }, 'response_code'],
])('a malformed optional field becomes null and is counted: %o', (over, field) => {
  const result = validate(aFields(over))
  if (!result.ok) throw new Error('refused')
  expect(result.value.warnings).toEqual([{ code: 'FIELD_VALUE', detail: field }])
})

test('what it keeps is what was meant', () => {
  const result = validate(
    aFields({ type: 'p2m', rrn: '023113001276', payer: ' Asha.K@okHDFCbank ' }),
  )
  expect(result).toMatchObject({
    ok: true,
    value: {
      payer: { text: 'asha.k@okhdfcbank' },
      amount: '249.50',
      optional: { type: 'P2M', rrn: '023113001276', mcc: null },
      warnings: [],
    },
  })
})

test('no fields whatever make it throw', () => {
  const anything = fc.dictionary(
    fc.constantFrom(...Object.keys(aFields()), 'rrn', 'completed_at', 'type', '__proto__'),
    fc.anything(),
  )
  fc.assert(
    fc.property(anything, (over) => {
      const fields = { ...aFields(), ...over }
      const message = { fields, amountLiteral: undefined, kafkaMillis: 0 }
      expect(() => validateMessage.process(message, RULES)).not.toThrow()
    }),
  )
})
