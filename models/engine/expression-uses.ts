/** A column that an expression names, and what for. */
export interface Use {
  /** The alias before its dot. */
  readonly table: string | undefined
  readonly column: string
  readonly subtype: 'TRANSFORMATION' | 'AGGREGATION' | 'IDENTITY' | Deciding
}

type Deciding = 'CONDITIONAL' | 'FILTER' | 'GROUP_BY' | 'SORT' | 'WINDOW'

/**
 * The columns in the SQL of one expression. Every name that the query builder writes stands in double quotes, so that a
 * look at the words around it tells what it is for: the condition of a `case`, the `filter` of an aggregate, or a value.
 */
export function usesIn(sql: string): Use[] {
  const stack: Place[] = [{ subtype: 'TRANSFORMATION' }]
  const uses: Use[] = []
  let before = ''
  for (const [token] of sql.matchAll(TOKEN)) {
    const name = /^(?:"((?:[^"]|"")+)"|(\w+))(?:\."((?:[^"]|"")+)"|\.(\w+))?$/.exec(token)
    const isColumn = token.startsWith('"') || (name !== null && token.includes('.'))
    if (isColumn && name !== null) {
      // What follows these words names a relation or an alias.
      if (!/^(from|join|as)$/.test(before)) uses.push(useOf(name, at(stack)))
    } else move(stack, token.toLowerCase(), before)
    before = token.toLowerCase()
  }
  return uses
}

// Literals, names with an alias before them, words, and what is left, one by one.
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")+"(?:\.(?:"(?:[^"]|"")+"|\*))?|[a-z_]\w*\.[a-z_]\w*|\w+|[^\s]/gi

const AGGREGATE =
  /^(count|sum|min|max|avg|(array|string|jsonb?|jsonb?_object)_agg|bool_(and|or)|every|stddev\w*|var\w*|percentile_(disc|cont)|mode|group)$/

interface Place {
  readonly subtype: Use['subtype']
  readonly isCase?: boolean
}

/** Follows the expression into brackets and cases, and out again. */
function move(stack: Place[], token: string, before: string): void {
  const here = at(stack)
  if (token === '(') stack.push({ subtype: opened(before, here) })
  else if (token === ')') leave(stack)
  else if (token === 'case') stack.push({ subtype: decidingIn(here, 'CONDITIONAL'), isCase: true })
  else if (token === 'end' && stack.at(-1)?.isCase) stack.pop()
  else if (token === 'when') turn(stack, decidingIn(here, 'CONDITIONAL'))
  else if (token === 'then' || token === 'else') turn(stack, at(stack.slice(0, -1)))
  else if (/^(where|on|having)$/.test(token)) turn(stack, decidingIn(here, 'FILTER'))
}

function opened(before: string, here: Use['subtype']): Use['subtype'] {
  if (before === 'filter') return decidingIn(here, 'CONDITIONAL')
  if (before === 'over') return decidingIn(here, 'WINDOW')
  if (before === 'grouping' || before === 'exists') return decidingIn(here, 'CONDITIONAL')
  if (AGGREGATE.test(before) && here === 'TRANSFORMATION') return 'AGGREGATION'
  return here
}

// What decides about something that only decides is of the outer kind.
function decidingIn(here: Use['subtype'], subtype: Deciding): Use['subtype'] {
  return here === 'TRANSFORMATION' || here === 'AGGREGATION' ? subtype : here
}

function turn(stack: Place[], subtype: Use['subtype']): void {
  const place = stack.pop()
  stack.push({ ...place, subtype })
}

function leave(stack: Place[]): void {
  if (stack.length > 1) stack.pop()
}

function at(stack: readonly Place[]): Use['subtype'] {
  return stack.at(-1)?.subtype ?? 'TRANSFORMATION'
}

function useOf(name: RegExpExecArray, subtype: Use['subtype']): Use {
  const [, quoted, plain, quotedColumn, plainColumn] = name
  const [first, second] = [quoted ?? plain, quotedColumn ?? plainColumn]
  const bare = (text: string) => text.replaceAll('""', '"')
  return second === undefined
    ? { table: undefined, column: bare(first as string), subtype }
    : { table: bare(first as string), column: bare(second), subtype }
}
