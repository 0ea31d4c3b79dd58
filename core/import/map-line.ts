import {
  MESSAGE_FIELD_NAMES,
  MESSAGE_FIELDS,
  type MessageField,
  type UpiMessage,
} from '../message.ts'
import { accept } from '../result.ts'
import { readAmount } from './amounts.ts'
import type { Cells, LineReject, LineResult } from './line.ts'
import { type FieldRule, type Mapping, NULLS_DEFAULT } from './mapping.ts'
import { createStampReader } from './stamps.ts'
import { readStatusWord } from './status-words.ts'

/** Turns the cells of a line into a message, by one mapping for one file's columns. */
export interface LineMapper {
  /** Refuses what cannot be read with certainty. The rules of the message are not its business. */
  map(cells: Cells): LineResult<UpiMessage>
  /** A field and the column that it comes from, for people. */
  labelOf(field: string): string
}

/** Makes the mapper of a whole mapping; `columns` are the names of the cells, in their order. */
export function createMapper(mapping: Mapping, columns: readonly string[]): LineMapper {
  const nulls = new Set(mapping.nulls ?? NULLS_DEFAULT)
  const steps = MESSAGE_FIELD_NAMES.flatMap((field) => {
    const rule = mapping.fields?.[field]
    return rule ? [stepOf(field, rule, { columns, nulls, zone: mapping.zone })] : []
  })
  const labels = new Map<string, string>(steps.map(({ field, label }) => [field, label]))
  return {
    map: (cells) => mapCells(cells, steps),
    labelOf: (field) => labels.get(field) ?? field,
  }
}

/** The columns that a mapping reads. */
export function usedColumns({ fields = {} }: Mapping): string[] {
  return [...new Set(Object.values(fields).flatMap((rule) => [rule?.column ?? []].flat()))]
}

interface Step {
  readonly field: MessageField
  readonly label: string
  /** The text of the field as it stands; undefined when it is absent. */
  readonly find: (cells: Cells) => string | undefined
  /** What the text means; undefined for what cannot be read. */
  readonly read: (text: string) => string | undefined
}

interface Around {
  readonly columns: readonly string[]
  readonly nulls: ReadonlySet<string>
  readonly zone: string | undefined
}

function stepOf(field: MessageField, rule: FieldRule, around: Around): Step {
  const names = [rule.column ?? []].flat()
  const label = names.length === 0 ? field : `${field} (column ${names.join(' + ')})`
  return {
    field,
    label,
    find: finderOf(rule, around),
    read: translated(rule, readerOf(field, rule, around)),
  }
}

function finderOf({ column, value }: FieldRule, { columns, nulls }: Around): Step['find'] {
  if (value !== undefined) return () => value
  const find = (index: number) => (cells: Cells) => {
    const text = cells[index]?.trim()
    return text === undefined || text === '' || nulls.has(text) ? undefined : text
  }
  const finders = [column ?? []].flat().map((name) => find(columns.indexOf(name)))
  if (finders.length === 1) return finders[0] as Step['find']
  return (cells) =>
    finders
      .map((each) => each(cells) ?? '')
      .join(' ')
      .trim() || undefined
}

function translated({ words }: FieldRule, read: Step['read']): Step['read'] {
  if (words === undefined) return read
  const meanings = new Map(
    Object.entries(words).map(([word, meant]) => [word.trim().toUpperCase(), meant]),
  )
  return (text) => meanings.get(text.toUpperCase()) ?? read(text)
}

function readerOf(field: MessageField, rule: FieldRule, { zone }: Around): Step['read'] {
  switch (field) {
    case 'amount':
      return (text) => readAmount(text, rule.unit ?? 'rupees')
    case 'status':
      return readStatusWord
    case 'timestamp':
      return createStampReader(rule.format ?? 'iso', zone) ?? (() => undefined)
    case 'completed_at': {
      const read = createStampReader(rule.format ?? 'iso', zone)
      // Optional: what is unreadable goes on as it is, and becomes null with a warning.
      return (text) => read?.(text) ?? text
    }
    default:
      return (text) => text
  }
}

const UNREADABLE: Readonly<Partial<Record<MessageField, LineReject['code']>>> = {
  amount: 'AMOUNT_NOT_DECIMAL',
  status: 'STATUS_UNKNOWN',
  timestamp: 'TIMESTAMP_FORMAT',
}

function mapCells(cells: Cells, steps: readonly Step[]): LineResult<UpiMessage> {
  const message: Partial<Record<MessageField, string>> = {}
  let reasons: LineReject[] | undefined
  for (const { field, label, find, read } of steps) {
    const text = find(cells)
    const value = text === undefined ? undefined : read(text)
    if (value !== undefined) message[field] = value
    else if (text !== undefined) {
      reasons ??= []
      reasons.push({ code: UNREADABLE[field] ?? 'FIELD_TYPE', detail: label })
    } else if (MESSAGE_FIELDS[field].required) {
      reasons ??= []
      reasons.push({ code: 'FIELD_MISSING', detail: label })
    }
  }
  // A field without a rule is absent from every line: understanding the file has refused that for required ones.
  return reasons === undefined ? accept(message as UpiMessage) : { ok: false, reasons }
}
