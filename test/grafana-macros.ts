import type { Dashboard, Panel } from './dashboard-file.ts'

/** What Grafana puts into a statement. */
export interface Shown {
  readonly from: Date
  readonly to: Date
  /** As Grafana writes it: 1m, 5m, 1h. */
  readonly interval: string
  /** What stands for $name, quoted as Grafana would for its kind of variable. */
  readonly variables: Readonly<Record<string, string>>
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** A statement as Grafana sends it to Postgres: its browser puts in variables, its server the rest, in this order. */
export function expandMacros(sql: string, { from, to, interval, variables }: Shown): string {
  const instant = (at: Date) => `'${at.toISOString()}'`
  const withValues = sql.replaceAll(/\$(?!__)(\w+)/g, (found, name: string) => {
    const value = variables[name]
    if (value === undefined) throw new Error(`no variable ${found}`)
    return value
  })
  // Grafana's own pattern: an argument ends at the first bracket that closes.
  return withValues
    .replaceAll('$__interval', interval)
    .replaceAll(/\$([_a-zA-Z0-9]+)\(([^)]*)\)/g, (call, name: string, text: string) => {
      const [column = '', width = ''] = text.split(',').map((each) => each.trim())
      switch (name) {
        case '__timeFilter':
          return `${column} BETWEEN ${instant(from)} AND ${instant(to)}`
        case '__timeFrom':
          return instant(from)
        case '__timeTo':
          return instant(to)
        case '__timeGroupAlias': {
          const seconds = secondsOf(width)
          return `floor(extract(epoch from ${column})/${seconds})*${seconds} AS "time"`
        }
        default:
          throw new Error(`no macro of ours: ${call}`)
      }
    })
}

function secondsOf(width: string): number {
  const [, count, unit = ''] = /^'?(\d+)([smhdw])'?$/.exec(width) ?? []
  const seconds = SECONDS[unit]
  if (seconds === undefined) throw new Error(`no interval: ${width}`)
  return Number(count) * seconds
}

const SPAN: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A statement as Grafana sends it when the dashboard opens: a choice of all is itself, of one its first word. */
export function shownBy(
  { time, templating }: Pick<Dashboard, 'time' | 'templating'>,
  sql: string,
  panel?: Panel,
  chosen: Readonly<Record<string, string>> = {},
  to = new Date(),
): string {
  const [, count, unit = ''] = /^(?:now-)?(\d+)([mhd])$/.exec(panel?.timeFrom ?? time.from) ?? []
  const from = new Date(to.getTime() - Number(count) * (SPAN[unit] ?? Number.NaN))
  const variables = templating.list.map(({ name, type, query, allValue }) => {
    const one = type === 'custom' ? (query.split(',')[0] ?? '') : 'chaishop@ybl'
    return [name, chosen[name] ?? allValue ?? one]
  })
  const interval = panel?.interval ?? '1m'
  return expandMacros(sql, { from, to, interval, variables: Object.fromEntries(variables) })
}
