/**
 * Lays one-line SQL out for people: a line a column and a clause, sub-queries indented. Only white space outside
 * quotes changes, so that the text that is reviewed is the text that is run.
 */
export function layOut(sql: string): string {
  const page = new Page()
  const isQuery: boolean[] = []
  const tokens = tokensOf(sql)
  tokens.forEach((token, i) => {
    const inQuery = isQuery.at(-1) ?? true
    if (token === '(') {
      isQuery.push(/^(select|with)$/.test(tokens[i + 1] ?? ''))
      page.write(token)
      if (isQuery.at(-1)) page.indent(1)
    } else if (token === ')') {
      if (isQuery.pop()) page.indent(-1)
      page.write(token)
    } else if (inQuery && token === ',') {
      page.write(token)
      page.startLine({ isContinued: true })
    } else if (inQuery && CLAUSE.test(token)) {
      page.startLine()
      page.write(token)
      if (token === 'select') page.startLine({ isContinued: true })
    } else {
      page.write(token)
    }
  })
  return page.text()
}

const CLAUSE = /^(select|from|where|group by|having|order by|union all|union|(inner|left) join)$/
// A comment would take what comes to stand behind it on its line.
const BLANK = /^(\s|--|\/\*)/
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\b(?:group by|order by|union all|inner join|left join|is distinct from)\b|\w+|\s+|./g

function tokensOf(sql: string): string[] {
  return [...sql.matchAll(TOKEN)].map(([token]) => (BLANK.test(token) ? ' ' : token))
}

class Page {
  readonly #lines: string[] = []
  #depth = 0
  #line = ''
  #prefix = ''

  write(token: string): void {
    if (this.#line !== '' || token !== ' ') this.#line += token
  }

  startLine({ isContinued = false } = {}): void {
    if (this.#line.trim() !== '') this.#lines.push(`${this.#prefix}${this.#line.trimEnd()}`)
    this.#line = ''
    this.#prefix = '  '.repeat(this.#depth + (isContinued ? 1 : 0))
  }

  indent(levels: number): void {
    this.#depth += levels
    this.startLine()
  }

  text(): string {
    this.startLine()
    return this.#lines.join('\n')
  }
}
