import { MESSAGE_FIELD_NAMES, type MessageField } from '../message.ts'
import { dateAndTime, type KnownColumn, recogniseColumn } from './columns.ts'
import { type FieldRule, type Mapping, NULLS_DEFAULT, STAMP_FIELDS } from './mapping.ts'
import { createStampReader, findFormat, isNaive } from './stamps.ts'
import type { Table } from './table.ts'

type Rules = Partial<Record<MessageField, FieldRule | null>>

interface Found {
  readonly fields: Rules
  readonly faults: readonly string[]
  readonly notes: readonly string[]
}

/** Makes out the rule of each field: as it is given, else by the name of a column and what the column holds. */
export function fieldRules(table: Table, given: Mapping): Found {
  const faults: string[] = []
  const notes: string[] = []
  const givenFields = given.fields ?? {}
  const taken = new Set(Object.values(givenFields).flatMap((rule) => [rule?.column ?? []].flat()))
  const known = table.columns
    .filter((column) => !taken.has(column))
    .flatMap((column) => recogniseColumn(column) ?? [])
  const fields: Rules = {}
  for (const field of MESSAGE_FIELD_NAMES) {
    const asked = givenFields[field]
    if (asked === null) fields[field] = null
    else if (asked?.column !== undefined || asked?.value !== undefined) fields[field] = asked
    else {
      const found = pickColumn(
        known.filter((each) => each.field === field),
        table,
      )
      if (typeof found === 'string') faults.push(`${field}: ${found}`)
      else if (found !== undefined) fields[field] = { ...found, ...asked }
      else if (asked !== undefined) faults.push(`fields.${field} gives neither column nor value`)
    }
  }
  const missing = columnFaults(fields, table.columns)
  // An object may lack a key that others have.
  if (table.format === 'csv') faults.push(...missing)
  else notes.push(...missing)
  for (const field of STAMP_FIELDS) {
    const rule = fields[field]
    if (!rule) continue
    const stamps = stampsOf(rule, table, given.nulls)
    const read = readStamp(rule, stamps, { zone: given.zone, preferred: fields.timestamp?.format })
    if (typeof read === 'string')
      faults.push(`${field} (column ${[rule.column].flat().join(' + ')}): ${read}`)
    else fields[field] = read
  }
  if (looksLikePaise(fields.amount, table)) {
    notes.push(
      'every amount is a whole number and is taken as rupees; if they are paise, the mapping must say so',
    )
  }
  return { fields, faults, notes }
}

function pickColumn(
  candidates: readonly KnownColumn[],
  table: Table,
): FieldRule | string | undefined {
  const rank = (['own', 'strong', 'weak'] as const).find((each) =>
    candidates.some((candidate) => candidate.rank === each),
  )
  const best = candidates.filter((candidate) => candidate.rank === rank)
  const [first, second] = best
  if (first === undefined) return undefined
  if (second === undefined) return withTime(first, candidates, table)
  const pair = dateAndTime(best.map(({ column }) => column))
  if (pair !== undefined) return { column: pair }
  return `columns ${best.map(({ column }) => column).join(', ')} could all be it; a mapping must say which`
}

// txn_date beside time: the names differ in rank, and are one stamp all the same.
function withTime(first: KnownColumn, candidates: readonly KnownColumn[], table: Table): FieldRule {
  const pair = dateAndTime(candidates.map(({ column }) => column))
  if (pair !== undefined && first.rank !== 'own') {
    const stamps = stampsOf({ column: pair }, table)
    if (findFormat(stamps) !== undefined) return { column: pair }
  }
  return first.unit === undefined
    ? { column: first.column }
    : { column: first.column, unit: first.unit }
}

function columnFaults(fields: Rules, columns: readonly string[]): string[] {
  return Object.entries(fields).flatMap(([field, rule]) =>
    [rule?.column ?? []].flat().flatMap((column) => {
      const times = columns.filter((each) => each === column).length
      if (times === 1) return []
      return [
        `fields.${field}: the file has ${times === 0 ? 'no' : 'more than one'} column '${column}'`,
      ]
    }),
  )
}

function stampsOf(
  { column, value }: FieldRule,
  { columns, rows }: Table,
  nulls = NULLS_DEFAULT,
): string[] {
  if (value !== undefined) return [value]
  const indexes = [column ?? []].flat().map((name) => columns.indexOf(name))
  const texts = rows.map((row) =>
    indexes
      .map((i) => (row[i] ?? '').trim())
      .join(' ')
      .trim(),
  )
  return texts.filter((text) => text !== '' && !nulls.includes(text))
}

function readStamp(
  rule: FieldRule,
  stamps: readonly string[],
  { zone, preferred }: { zone: string | undefined; preferred: string | undefined },
): FieldRule | string {
  if (rule.format !== undefined && createStampReader(rule.format) === undefined) {
    return `format '${rule.format}' is none: use iso, epoch-millis, or such as DD-MM-YYYY HH:mm:ss`
  }
  const isGiven = rule.format !== undefined || stamps.length === 0
  const found = isGiven ? { format: rule.format ?? preferred } : findFormat(stamps, preferred)
  if (found === undefined) return 'its date format is not known; a mapping must give format'
  if ('rivals' in found) {
    return `${found.rivals.join(' and ')} both read it; a mapping must give format`
  }
  const format = found.format ?? 'iso'
  if (isNaive(format, stamps) && zone === undefined)
    return 'its stamps carry no zone; give --zone Asia/Kolkata, or zone in a mapping'
  return { ...rule, format }
}

function looksLikePaise(rule: FieldRule | null | undefined, { columns, rows }: Table): boolean {
  if (!rule || rule.unit !== undefined || typeof rule.column !== 'string') return false
  const index = columns.indexOf(rule.column)
  const amounts = rows.map((row) => (row[index] ?? '').trim()).filter((text) => text !== '')
  return amounts.length > 0 && amounts.every((text) => /^[0-9]{3,}$/.test(text))
}
