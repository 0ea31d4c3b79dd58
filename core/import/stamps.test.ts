import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatInstant, parseInstant } from '../time.ts'
import { createStampReader, findFormat, isNaive } from './stamps.ts'

const read = (format: string, text: string, zone?: string) =>
  createStampReader(format, zone)?.(text)

describe('formats', () => {
  test.each([
    ['iso', '2026-02-01T10:30:00.123+05:30', '2026-02-01T10:30:00.123+05:30'],
    ['iso', '2026-02-01 10:30:00', '2026-02-01 10:30:00+05:30'],
    ['DD-MM-YYYY HH:mm:ss', '01-02-2026 10:30:05', '2026-02-01T10:30:05+05:30'],
    ['DD/MM/YYYY HH:mm:ss', '1/2/2026 9:30:05.250', '2026-02-01T09:30:05.250+05:30'],
    ['MM/DD/YYYY hh:mm A', '02/01/2026 12:05 am', '2026-02-01T00:05:00+05:30'],
    ['MM/DD/YYYY hh:mm A', '02/01/2026 12:05 PM', '2026-02-01T12:05:00+05:30'],
    ['DD-MMM-YY hh.mm.ss A', '01-FEB-26 01.30.00.000001 PM', '2026-02-01T13:30:00.000001+05:30'],
    ['DD MMM YYYY HH:mm', '1 September 2026 10:30', '2026-09-01T10:30:00+05:30'],
    ['YYYYMMDDHHmmss', '20260201103005', '2026-02-01T10:30:05+05:30'],
    ['YYYY/MM/DD HH:mm:ssZ', '2026/02/01 10:30:05 IST', '2026-02-01T10:30:05+05:30'],
    ['YYYY/MM/DD HH:mm:ss Z', '2026/02/01 10:30:05 +0000', '2026-02-01T10:30:05+0000'],
    ['YYYY/MM/DD HH:mm:ss Z', '2026/02/01 10:30:05 UTC', '2026-02-01T10:30:05Z'],
    ['epoch-seconds', '1769922000', '2026-02-01T05:00:00.000000Z'],
    ['epoch-seconds', '1769922000.5', '2026-02-01T05:00:00.500000Z'],
    ['epoch-millis', '1769922000123', '2026-02-01T05:00:00.123000Z'],
    ['epoch-micros', '1769922000123456', '2026-02-01T05:00:00.123456Z'],
  ])('%s reads %s', (format, text, stamp) => expect(read(format, text, 'Asia/Kolkata')).toBe(stamp))

  test.each([
    ['DD-MM-YYYY HH:mm:ss', '2026-02-01 10:30:05'],
    ['DD-MM-YYYY HH:mm:ss', '01-02-2026'],
    ['DD-MM-YYYY HH:mm:ss', '01-02-2026 10:30:05 PM'],
    ['DD-MMM-YYYY HH:mm', '01-FOO-2026 10:30'],
    ['hh:mm A DD-MM-YYYY', '13:00 PM 01-02-2026'],
    ['iso', '01-02-2026 10:30:05'],
    ['epoch-seconds', '1769922000123'],
    ['epoch-millis', '1769922000'],
    ['YYYYMMDDHHmmss', '2026020110305'],
  ])('%s does not read %s', (format, text) => expect(read(format, text, 'IST')).toBeUndefined())

  test.each([
    '',
    'yyyy-mm-dd',
    'DD-MM-YYYY',
    'DD-MM-YYYY HH:mm A',
    'DD-MM-YYYY hh:mm',
    'DD-DD-YYYY HH:mm',
    'unix',
  ])('%j is no format', (format) => expect(createStampReader(format)).toBeUndefined())

  test('an unknown zone is no zone', () => {
    expect(createStampReader('iso', 'Mars/Olympus')).toBeUndefined()
  })
})

describe('what is found', () => {
  test.each([
    [['2026-02-01T10:30:00Z'], 'iso'],
    [['13-02-2026 10:30:00', '01-02-2026 10:30:00'], 'DD-MM-YYYY HH:mm:ss'],
    [['02/13/2026 10:30', '02/01/2026 10:30'], 'MM/DD/YYYY HH:mm'],
    [['02/02/2026 10:30', '03/03/2026 10:30', '13/03/2026 10:30'], 'DD/MM/YYYY HH:mm'],
    [['01-Feb-2026 10:30:00 PM'], 'DD-MMM-YYYY hh:mm:ss A'],
    [['1769922000', '1769922001'], 'epoch-seconds'],
    [['1769922000123'], 'epoch-millis'],
    [['20260201103005'], 'YYYYMMDDHHmmss'],
    [['13-02-2026 10:30:00', 'garbage', '14-02-2026 10:30:00'], 'DD-MM-YYYY HH:mm:ss'],
  ])('%j is %s', (stamps, format) => expect(findFormat(stamps)).toMatchObject({ format }))

  test.each([
    [['01-02-2026 10:30:00']],
    [['01/02/2026 10:30', '12/11/2026 10:30']],
    [['13/02/2026 10:30', '02/13/2026 10:30', '01/02/2026 10:30']],
  ])('%j has two readings', (stamps) => {
    expect(findFormat(stamps)).toMatchObject({ rivals: [expect.any(String), expect.any(String)] })
  })

  test('another column of the same table settles it', () => {
    const format = 'DD-MM-YYYY HH:mm:ss'
    expect(findFormat(['01-02-2026 10:30:00'], format)).toMatchObject({ format })
  })

  test.each([
    [['Monday']],
    [['2026-02-01']],
    [['01/02/26 10:30']],
    [['31-02-2026 10:30:00']],
    [[]],
  ])('%j is not known', (stamps) => expect(findFormat(stamps)).toBeUndefined())

  test('a zone is missing only where no stamp carries one', () => {
    expect(isNaive('iso', ['2026-02-01T10:30:00Z', '2026-02-01T10:30:00+05:30'])).toBe(false)
    expect(isNaive('iso', ['2026-02-01T10:30:00Z', '2026-02-01T10:30:00'])).toBe(true)
    expect(isNaive('DD-MM-YYYY HH:mm', ['01-02-2026 10:30'])).toBe(true)
    expect(isNaive('DD-MM-YYYY HH:mmZ', ['01-02-2026 10:30Z'])).toBe(false)
    expect(isNaive('epoch-millis', ['1769922000123'])).toBe(false)
  })
})

const FORMATS = [
  'YYYY-MM-DD HH:mm:ss',
  'DD/MM/YYYY HH:mm:ss',
  'MM-DD-YYYY HH:mm:ss',
  'DD-MMM-YY hh:mm:ss A',
  'YYYYMMDDHHmmss',
]

test('an instant survives every format and zone', () => {
  const micros = fc.integer({ min: 1_000_000_000, max: 4_000_000_000 }).map((s) => s * 1_000_000)
  const fraction = fc.integer({ min: 0, max: 999_999 })
  const zone = fc.constantFrom('UTC', 'Asia/Kolkata', '-07:00', '+12:45')
  fc.assert(
    fc.property(micros, fraction, zone, fc.constantFrom(...FORMATS), (whole, part, at, format) => {
      const wall = whole + offset(at) * 60_000_000
      const text = write(format, formatInstant(wall + part))
      const stamp = read(format, text, at) as string
      expect(parseInstant(stamp)).toEqual({ ok: true, value: whole + part })
    }),
  )
})

test('no text throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void findFormat([text])))
})

function offset(zone: string): number {
  return { UTC: 0, 'Asia/Kolkata': 330, '-07:00': -420, '+12:45': 765 }[zone] as number
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

function write(format: string, iso: string): string {
  const [, YYYY = '', MM = '', DD = '', HH = '', mm = '', ss = ''] =
    /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):([\d.]+)Z$/.exec(iso) ?? []
  const hour = Number(HH)
  const parts: Record<string, string> = {
    YYYY,
    YY: YYYY.slice(2),
    MMM: MONTHS[Number(MM) - 1] as string,
    MM,
    DD,
    HH,
    hh: String(hour % 12 || 12),
    mm,
    ss,
    A: hour < 12 ? 'AM' : 'PM',
  }
  return format.replaceAll(/YYYY|YY|MMM|MM|DD|HH|hh|mm|ss|A/g, (token) => parts[token] as string)
}
