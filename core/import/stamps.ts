import { formatInstant, type Micros, parseInstant, parseZone } from '../time.ts'

/** Reads a time stamp to ISO 8601, which has a zone if the stamp or `zone` has; undefined when it is not of the format. */
export type StampReader = (text: string) => string | undefined

/** Formats with a name: what cannot be said by the letters below. */
const NAMED_FORMATS = ['iso', 'epoch-seconds', 'epoch-millis', 'epoch-micros'] as const

/**
 * Makes the reader of a format: `iso`, `epoch-…`, or a pattern of YYYY YY MM MMM DD HH hh mm ss A Z. Seconds take a
 * fraction; Z is an offset, Z, UTC or IST; a pattern's numbers may lack their leading zero where a mark ends them.
 * `zone` is for stamps that carry none. Undefined for what is no format.
 */
export function createStampReader(format: string, zone?: string): StampReader | undefined {
  const offset = zone === undefined ? '' : offsetOf(zone)
  if (offset === undefined) return undefined
  if (format === 'iso') return (text) => readIso(text, offset)
  const digits = EPOCH_DIGITS.get(format)
  return digits === undefined ? patternReader(format, offset) : (text) => readEpoch(text, digits)
}

/** Whether stamps of this format need a zone that they do not carry. */
export function isNaive(format: string, examples: readonly string[]): boolean {
  if (format !== 'iso') return !EPOCH_DIGITS.has(format) && !format.includes('Z')
  return examples.some((text) => readIso(text, '')?.match(ISO_ZONE) === null)
}

/** A format that reads stamps, or the two that read them differently. */
export type FoundFormat =
  | { readonly format: string }
  | { readonly rivals: [string, string] }
  | undefined

/**
 * Finds the format of stamps. Most must be read by it; another that reads them to other instants must fail for some,
 * and read none that it does not: 01-02-2026 alone is ambiguous, together with 13-02-2026 it is not.
 */
export function findFormat(stamps: readonly string[], preferred?: string): FoundFormat {
  const read = CANDIDATES.map((format) => ({ format, stamps: stamps.map(instantReader(format)) }))
  const count = ({ stamps }: { stamps: unknown[] }) =>
    stamps.filter((each) => each !== undefined).length
  const most = Math.max(...read.map(count))
  if (most === 0 || most * 2 < stamps.length) return undefined
  const best = read.filter((each) => count(each) === most)
  const first = best.find(({ format }) => format === preferred) ?? best[0]
  if (first === undefined || first.format === preferred) return first
  const rival = read.find((other) => isRival(other.stamps, first.stamps) && !isWorse(other, first))
  return rival === undefined ? first : { rivals: [first.format, rival.format] }
}

type Stamps = readonly (Micros | undefined)[]

function isRival(one: Stamps, other: Stamps): boolean {
  return one.some((stamp, i) => stamp !== undefined && other[i] !== undefined && stamp !== other[i])
}

// It fails for some stamps, and reads none besides.
function isWorse(one: { stamps: Stamps }, best: { stamps: Stamps }): boolean {
  const isMissing = (stamp: Micros | undefined) => stamp === undefined
  return (
    one.stamps.some((stamp, i) => isMissing(stamp) && !isMissing(best.stamps[i])) &&
    one.stamps.every((stamp, i) => isMissing(stamp) || !isMissing(best.stamps[i]))
  )
}

const EPOCH_DIGITS: ReadonlyMap<string, number> = new Map([
  ['epoch-seconds', 10],
  ['epoch-millis', 13],
  ['epoch-micros', 16],
])

const DATES = ['-', '/', '.'].flatMap((mark) => [
  `YYYY${mark}MM${mark}DD`,
  `DD${mark}MM${mark}YYYY`,
  `MM${mark}DD${mark}YYYY`,
])
const WORDY_DATES = ['DD-MMM-YYYY', 'DD MMM YYYY', 'DD/MMM/YYYY', 'DD-MMM-YY', 'MMM DD, YYYY']
const TIMES = ['HH:mm:ss', 'HH:mm', 'hh:mm:ss A', 'hh:mm A', 'HH.mm.ss', 'hh.mm.ss A']

// Two-digit years beside numeric months have three readings, and are left to a mapping.
const CANDIDATES: readonly string[] = [
  ...NAMED_FORMATS,
  'YYYYMMDDHHmmss',
  'YYYYMMDD HHmmss',
  ...[...DATES, ...WORDY_DATES].flatMap((date) =>
    [' ', ', ', 'T'].flatMap((gap) =>
      TIMES.flatMap((time) => [`${date}${gap}${time}`, `${date}${gap}${time}Z`]),
    ),
  ),
]

// Two formats are rivals by the instants that they read, whatever the zone; an impossible day is read by none.
function instantReader(format: string): (text: string) => Micros | undefined {
  const read = createStampReader(format)
  return (text) => {
    const stamp = read?.(text)
    const instant = stamp === undefined ? undefined : parseInstant(stamp, 0)
    return instant?.ok ? instant.value : undefined
  }
}

const ISO = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?([Zz]|[+-]\d\d(?::?\d\d)?)?$/
const ISO_ZONE = /(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/

function readIso(text: string, offset: string): string | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  return match[1] === undefined ? `${text}${offset}` : text
}

// So many digits before the point are the years 2001 to 2286, and tell the unit.
function readEpoch(text: string, digits: number): string | undefined {
  const match = /^([1-9][0-9]+)(?:\.([0-9]+))?$/.exec(text)
  if (match === null || match[1]?.length !== digits) return undefined
  const micros = Number(`${match[1]}${match[2] ?? ''}`.slice(0, 16).padEnd(16, '0'))
  return Number.isSafeInteger(micros) ? formatInstant(micros) : undefined
}

const TOKEN = /YYYY|YY|MMM|MM|DD|HH|hh|mm|ss|A|Z/g
const NUMERIC = /^(?:YYYY|YY|MM|DD|HH|hh|mm|ss)$/
const MONTHS =
  'january february march april may june july august september october november december'.split(' ')

function patternReader(format: string, offset: string): StampReader | undefined {
  const tokens: readonly string[] = format.match(TOKEN) ?? []
  const names = tokens.map(nameOf)
  const rest = format.replaceAll(TOKEN, '')
  const has = (name: string) => names.includes(name)
  const isWhole =
    ['year', 'month', 'day', 'hour', 'minute'].every(has) && has('half') === tokens.includes('hh')
  if (!isWhole || new Set(names).size !== names.length || /[A-SU-Za-z0-9]/.test(rest))
    return undefined
  const pattern = patternOf(format)
  return (text) => {
    const groups = pattern.exec(text)?.groups
    return groups === undefined ? undefined : compose(groups, offset)
  }
}

function nameOf(token: string): string {
  return {
    Y: 'year',
    M: 'month',
    D: 'day',
    H: 'hour',
    h: 'hour',
    m: 'minute',
    s: 'second',
    A: 'half',
    Z: 'zone',
  }[token[0] as string] as string
}

function patternOf(format: string): RegExp {
  const parts = format.split(/(YYYY|YY|MMM|MM|DD|HH|hh|mm|ss|A|Z)/).filter((part) => part !== '')
  const source = parts.map((part, i) => {
    if (part.search(TOKEN) === -1) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    const isTight = [parts[i - 1], parts[i + 1]].some(
      (each) => each !== undefined && NUMERIC.test(each),
    )
    return sourceOf(part, isTight)
  })
  return new RegExp(`^${source.join('')}$`, 'i')
}

function sourceOf(token: string, isTight: boolean): string {
  const name = nameOf(token)
  switch (token) {
    case 'YYYY':
      return `(?<${name}>\\d{4})`
    case 'MMM':
      return `(?<${name}>[a-z]{3,9})`
    case 'ss':
      return `(?<${name}>${isTight ? '\\d\\d' : '\\d{1,2}'})(?:[.,](?<fraction>\\d+))?`
    case 'A':
      return `(?<${name}>[ap])\\.?m\\.?`
    case 'Z':
      return `\\s?(?<${name}>Z|UTC|GMT|IST|[+-]\\d\\d(?::?\\d\\d)?)`
    default:
      return `(?<${name}>${isTight || token === 'YY' || token === 'mm' ? '\\d\\d' : '\\d{1,2}'})`
  }
}

type Groups = Readonly<Record<string, string | undefined>>

function compose(groups: Groups, offset: string): string | undefined {
  const { year = '', day = '', minute, second = '00', fraction, zone } = groups
  const month = monthOf(groups.month as string)
  const hour = hourOf(groups.hour as string, groups.half)
  if (month === undefined || hour === undefined) return undefined
  const date = `${year.length === 2 ? `20${year}` : year}-${month}-${day.padStart(2, '0')}`
  const clock = `${hour}:${minute}:${second.padStart(2, '0')}${fraction === undefined ? '' : `.${fraction}`}`
  return `${date}T${clock}${zone === undefined ? offset : zoneText(zone)}`
}

function monthOf(text: string): string | undefined {
  if (/^\d/.test(text)) return text.padStart(2, '0')
  const word = text.toLowerCase()
  const index = MONTHS.findIndex((month) => month === word || month.slice(0, 3) === word)
  return index === -1 && word !== 'sept'
    ? undefined
    : String(index === -1 ? 9 : index + 1).padStart(2, '0')
}

function hourOf(text: string, half: string | undefined): string | undefined {
  const hour = Number(text)
  if (half === undefined) return text.padStart(2, '0')
  if (hour < 1 || hour > 12) return undefined
  return String((hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0)).padStart(2, '0')
}

function zoneText(zone: string): string {
  const upper = zone.toUpperCase()
  if (upper === 'IST') return '+05:30'
  return /^(?:Z|UTC|GMT)$/.test(upper) ? 'Z' : zone
}

function offsetOf(zone: string): string | undefined {
  const minutes = parseZone(zone)
  if (minutes === undefined) return undefined
  const size = Math.abs(minutes)
  const [hour, minute] = [Math.floor(size / 60), size % 60].map((n) => String(n).padStart(2, '0'))
  return `${minutes < 0 ? '-' : '+'}${hour}:${minute}`
}
