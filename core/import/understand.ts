import { REQUIRED_FIELDS } from '../message.ts'
import { parseZone } from '../time.ts'
import { fieldRules } from './field-rules.ts'
import { usedColumns } from './map-line.ts'
import type { Mapping } from './mapping.ts'
import { readTable, type Table } from './table.ts'

/** How a file is read: its whole mapping, and what keeps it from being whole. */
export interface Understanding {
  readonly mapping: Mapping
  /** Names of the cells, in their order. */
  readonly columns: readonly string[]
  /** Columns that no field is made of. */
  readonly ignored: readonly string[]
  /** The first line after the header. */
  readonly dataFrom: number
  /** What must be said in a mapping before the file can be imported; a sentence each, without values. */
  readonly faults: readonly string[]
  /** What somebody should look at. */
  readonly notes: readonly string[]
}

/** Makes out how to read a file from its first lines. What is given stands; the rest must be obvious, or is a fault. */
export function understand(lines: readonly (string | null)[], given: Mapping): Understanding {
  const table = readTable(lines, given)
  const { fields, faults, notes } = fieldRules(table, given)
  const { format, delimiter, header } = table
  const mapping: Mapping = {
    format,
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(given.encoding === undefined ? {} : { encoding: given.encoding }),
    ...(header === undefined ? {} : { header }),
    ...(given.zone === undefined ? {} : { zone: given.zone }),
    ...(given.nulls === undefined ? {} : { nulls: given.nulls }),
    fields,
  }
  const used = new Set(usedColumns(mapping))
  return {
    mapping,
    columns: format === 'ndjson' ? [...used] : table.columns,
    ignored: table.columns.filter((column) => !used.has(column)),
    dataFrom: table.dataFrom,
    faults: [
      ...table.faults,
      ...zoneFaults(given),
      ...(table.faults.length > 0 ? [] : [...headerFaults(table, mapping), ...faults]),
    ],
    notes,
  }
}

function zoneFaults({ zone }: Mapping): string[] {
  if (zone === undefined || parseZone(zone) !== undefined) return []
  return [`zone '${zone}' is not known: use an offset such as +05:30, or Asia/Kolkata`]
}

// Where nothing is recognised the first line may be data, which must not be shown.
function headerFaults({ columns }: Table, { fields = {} }: Mapping): string[] {
  if (Object.values(fields).every((rule) => rule === null)) {
    return [
      'no column is known by its name: is there a header? A mapping says which column is what',
    ]
  }
  const missing = REQUIRED_FIELDS.filter((field) => !fields[field])
  if (missing.length === 0) return []
  const used = new Set(usedColumns({ fields }))
  const others = columns.filter((column) => !used.has(column))
  const hint =
    used.size < 2 || others.length === 0 ? '' : ` (unknown columns: ${others.join(', ')})`
  return [`no column is known to be ${missing.join(', ')}${hint}`]
}
