import type { FieldRule } from '../core/import/mapping.ts'
import type { Understanding } from '../core/import/understand.ts'
import { MESSAGE_FIELD_NAMES } from '../core/message.ts'
import type { Config } from '../platform/config.ts'
import type { Figure, FileTally, ImportTally, ReasonTally } from './import-tally.ts'
import { note, paint, print, printTable } from './output.ts'

/** Prints how each column of a file is understood. */
export function printUnderstanding(file: string, understanding: Understanding): void {
  const { mapping, ignored, notes } = understanding
  print(paint('bold', `${file}: ${formatText(understanding)}`))
  const rows = MESSAGE_FIELD_NAMES.flatMap((field) => {
    const rule = mapping.fields?.[field]
    return rule ? [{ field, rule }] : []
  })
  printTable(rows, [
    { title: 'field', value: ({ field }) => field },
    { title: 'from', value: ({ rule }) => sourceText(rule) },
    { title: 'read as', value: ({ field, rule }) => readingText(field, rule, mapping.zone) },
  ])
  if (ignored.length > 0) print(`not imported: ${ignored.join(', ')}`)
  for (const line of notes) print(paint('yellow', `look at this: ${line}`))
  print()
}

/** In a line: what is not imported, and what somebody should look at. */
export function noteUnderstanding(file: string, understanding: Understanding): void {
  const { ignored, notes } = understanding
  const rest = ignored.length === 0 ? '' : `; not imported: ${ignored.join(', ')}`
  note(`${file}: ${formatText(understanding)}${rest}`)
  for (const line of notes) note(`${file}: ${line}`)
}

function formatText({ mapping, columns }: Understanding): string {
  if (mapping.format === 'ndjson') return 'JSON lines'
  const delimiter = mapping.delimiter === '\t' ? 'tab' : `'${mapping.delimiter}'`
  const header = mapping.header === 0 ? 'no header' : `header in line ${mapping.header}`
  return `CSV with ${delimiter}, ${columns.length} columns, ${header}, ${mapping.encoding ?? 'utf-8'}`
}

function sourceText({ column, value }: FieldRule): string {
  return value === undefined ? [column ?? []].flat().join(' + ') : 'the same in every line'
}

function readingText(field: string, rule: FieldRule, zone: string | undefined): string {
  const words =
    rule.words === undefined ? [] : [`${Object.keys(rule.words).length} words of its own`]
  if (field === 'amount') return [rule.unit ?? 'rupees', ...words].join(', ')
  if (field === 'status') return ['status words', ...words].join(', ')
  if (rule.format === undefined) return words.join(', ')
  const isZoned = rule.format.startsWith('epoch') || rule.format.includes('Z')
  return [
    rule.format,
    ...(isZoned || zone === undefined ? [] : [`zone ${zone} where it has none`]),
  ].join(', ')
}

const FIGURES = ['lines', 'blank', 'rows', 'accepted', 'refused'] as const

/** Prints what became of the lines, and why. */
export function printOutcome(
  tally: ImportTally,
  { isDry, config }: { isDry: boolean; config: Config },
): void {
  const sums = FIGURES.map((figure) => [figure, tally.sum(figure)])
  const all = { file: 'all', ...(Object.fromEntries(sums) as Record<Figure, number>) }
  const titles: Partial<Record<Figure, string>> = { accepted: isDry ? 'would be sent' : 'sent' }
  printTable<Pick<FileTally, 'file' | Figure>>(
    tally.files.length < 2 ? tally.files : [...tally.files, all],
    [
      { title: 'file', value: ({ file }) => file },
      ...FIGURES.map((figure) => ({
        title: titles[figure] ?? figure,
        value: (row: Record<Figure, number>) => row[figure].toLocaleString('en'),
        align: 'right' as const,
      })),
    ],
  )
  if (tally.reasons.length > 0) printReasons(tally, config)
  for (const [field, lines] of Object.entries(tally.nulled)) {
    print(`${lines.toLocaleString('en')} rows have a malformed ${field}, which becomes null`)
  }
  for (const { file, late } of tally.files.filter((each) => each.late.length > 0)) {
    print(`${file}: later columns, not imported unless a mapping names them: ${late.join(', ')}`)
  }
}

type Place = ReasonTally['at'][number]

function printReasons({ files, reasons }: ImportTally, config: Config): void {
  const placeOf = ({ file, line }: Place) => (files.length === 1 ? `${line}` : `${file}:${line}`)
  print('\nrefused because of')
  printTable(reasons, [
    { title: 'code', value: ({ code }) => code, style: () => 'red' },
    { title: 'what', value: ({ detail }) => detail },
    { title: 'rows', value: ({ lines }) => lines.toLocaleString('en'), align: 'right' },
    {
      title: files.length === 1 ? 'first lines' : 'first at',
      value: ({ at, lines }) => at.map(placeOf).join(' ') + (lines > at.length ? ' …' : ''),
    },
    { title: 'fix', value: ({ code }) => fixOf(code, config) },
  ])
}

function fixOf(code: ReasonTally['code'], config: Config): string {
  switch (code) {
    case 'TIMESTAMP_ANCIENT':
      return `raise UPI_EVENT_AGE_DAYS_MAX (${config.eventAgeDaysMax}), for the stream too`
    case 'AMOUNT_OVER_LIMIT':
      return `UPI_AMOUNT_LIMIT is ${config.amountLimit}; is the column in paise?`
    case 'TXN_ID_FORMAT':
      return `UPI_TXN_ID_PROFILE is ${config.txnIdProfile}`
    case 'NOT_UTF8':
      return 'encoding in a mapping, such as windows-1252'
    case 'STATUS_UNKNOWN':
      return 'fields.status.words in a mapping'
    case 'TIMESTAMP_FORMAT':
      return 'fields.timestamp.format in a mapping'
    default:
      return ''
  }
}
