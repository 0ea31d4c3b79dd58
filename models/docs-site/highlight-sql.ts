import { escapeHtml, Html } from './html.ts'

const KEYWORDS = new Set(
  `all analyze and as asc between by case cast check collate comment commit conflict create default delete desc
  distinct do drop else end exists extract false filter following for from full grant group having if in inner insert
  into is join key lateral left like limit materialized not null nulls nothing of offset on or order outer over
  partition preceding primary returning right row rows select set table temporary then to true union unique update
  using values view when where with within`.split(/\s+/),
)

const TYPES = new Set(
  'bigint boolean bytea date integer interval jsonb numeric smallint text time timestamp timestamptz zone'.split(
    ' ',
  ),
)

const TOKEN =
  /(--[^\n]*)|('(?:[^']|'')*')|("(?:[^"]|"")*")|(\$\d+)|(\d+(?:\.\d+)?)|([a-z_]\w*)|([^a-z_"'$\d-]+|.)/gis

/** SQL as HTML, its words wrapped in classes. */
export function highlightSql(text: string): Html {
  const pieces = [...text.matchAll(TOKEN)].map((match) => {
    const [token, comment, string, , parameter, number, word] = match
    const end = (match.index ?? 0) + token.length
    const name = comment
      ? 'c'
      : string
        ? 's'
        : parameter
          ? 'p'
          : number
            ? 'n'
            : word && classOf(word, text.startsWith('(', end))
    const escaped = escapeHtml(token)
    return name ? `<i class="${name}">${escaped}</i>` : escaped
  })
  return new Html(pieces.join(''))
}

function classOf(word: string, isCalled: boolean): string | undefined {
  const lower = word.toLowerCase()
  if (KEYWORDS.has(lower)) return 'k'
  if (TYPES.has(lower)) return 't'
  return isCalled ? 'f' : undefined
}
