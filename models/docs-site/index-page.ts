import { aboutText, instantText } from './formats.ts'
import { graphSvg, hrefOf } from './graph-svg.ts'
import { type Html, html } from './html.ts'
import { page, statePill } from './page.ts'
import { type Site, stateOf } from './site-data.ts'

/** The first page: how all stands, the graph, and the models. */
export function indexPage(site: Site): string {
  const { models } = site
  const body = html`<h1>Models</h1>
<p class="lead">Every mart comes from a model: one typed query with its promise. Point at one to see what it comes from and where it goes.</p>
${tiles(site)}
<section class="card"><div class="scroll">${graphSvg(site)}</div>
<p class="legend">${legend(site)}</p></section>
<section class="card scroll"><table class="models"><thead><tr><th>Model</th><th>What a row is</th><th>Key</th><th class="number">Days</th><th class="number">Rows, about</th><th>Last built</th><th>State</th></tr></thead>
<tbody>${models.map(
    (
      model,
    ) => html`<tr><td><a href="${hrefOf(model.name)}"><b>${model.name}</b></a><br><small>${model.kind}${model.tags.map((tag) => html` · ${tag}`)}</small></td>
<td>${model.about}</td><td>${model.grain.map((column) => html`<code>${column}</code> `)}</td>
<td class="number">${model.days.length || '–'}</td><td class="number">${model.rows === undefined ? '–' : aboutText(model.rows)}</td>
<td>${whenBuilt(model.builtAt)}</td><td>${model.kind === 'view' ? '' : statePill(model)}</td></tr>
`,
  )}</tbody></table></section>`
  return page(site, { title: 'UPI models', root: '', body })
}

/** An instant, beside which the page says how long ago it is. */
export function whenBuilt(at: Date | undefined): Html {
  if (at === undefined) return html`<span class="quiet">–</span>`
  return html`<time class="ago" datetime="${at.toISOString()}">${instantText(at)}</time>`
}

/** How a kind of model comes to be, in words. */
export const KINDS: Readonly<Record<string, string>> = {
  view: 'view',
  'by day': 'built by day',
  'by key': 'built by key',
  table: 'built whole',
}

function legend({ models, edges }: Site): Html[] {
  const kinds = Object.entries(KINDS).filter(([kind]) =>
    models.some((model) => model.kind === kind),
  )
  const isFollowed = edges.some((edge) => edge.isFollowed)
  return [
    html`<span><i class="swatch kind-source"></i>source</span>`,
    ...kinds.map(
      ([kind, words]) =>
        html`<span><i class="swatch kind-${kind.replaceAll(' ', '-')}"></i>${words}</span>`,
    ),
    html`<span><i class="line"></i>reads</span>`,
    ...(isFollowed
      ? [html`<span><i class="line followed"></i>follows its changed rows</span>`]
      : []),
  ]
}

function tiles({ models }: Site): Html {
  const built = models.filter(({ kind }) => kind !== 'view')
  const days = new Set(models.flatMap((model) => model.days.map(({ date }) => date)))
  const count = (state: string) => built.filter((model) => stateOf(model) === state).length
  const last = built
    .flatMap(({ builtAt }) => (builtAt === undefined ? [] : [builtAt]))
    .reduce<Date | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined)
  return html`<div class="tiles">
${tile(built.length, 'marts')}${tile(
  models.reduce((all, { columns }) => all + columns.length, 0),
  'columns',
)}${tile(days.size, 'business days')}
${tile(count('fresh'), 'up to date', count('fresh') > 0 ? 'good' : '')}${tile(count('dirty'), 'wait to be built', count('dirty') > 0 ? 'warn' : '')}${tile(count('failed'), 'failed', count('failed') > 0 ? 'bad' : '')}
<div class="tile wide"><b>${whenBuilt(last)}</b><span>last build</span></div></div>`
}

/** A number with its word. */
export function tile(value: string | number, word: string, style = ''): Html {
  return html`<div class="tile ${style}"><b>${value}</b><span>${word}</span></div>`
}
