import { calendar } from './calendar.ts'
import { aboutText, countText, dayText, instantText, secondsText } from './formats.ts'
import { graphSvg, hrefOf } from './graph-svg.ts'
import { highlightSql } from './highlight-sql.ts'
import { type Html, html } from './html.ts'
import { KINDS, tile, whenBuilt } from './index-page.ts'
import { page, statePill } from './page.ts'
import type { ColumnEntry, ModelEntry, RunEntry, Site, SourceEntry } from './site-data.ts'

const ROOT = '../'

/** The page of a model. */
export function modelPage(site: Site, model: ModelEntry): string {
  const { name, kind, about, tags, runs } = model
  const body = html`<div class="head"><h1>${name}</h1>${kind !== 'view' && statePill(model)}</div>
<p class="lead">${about}</p>
<p class="marks"><span class="badge kind-${kind.replaceAll(' ', '-')}">${KINDS[kind] ?? kind}</span>${tags.map((tag) => html`<span class="badge">tag:${tag}</span>`)}<span class="badge">key: ${model.grain.join(', ')}</span></p>
${kind !== 'view' && figures(model)}
<section class="card"><h2>Lineage</h2><div class="scroll">${graphSvg(site, { only: name, root: ROOT })}</div>${reading(model)}</section>
${kind === 'by day' && html`<section class="card"><h2>Days</h2>${calendar(model.days)}</section>`}
<section class="card"><h2>Columns</h2>${columnTable(model.columns)}${promises(model)}</section>
<section class="card"><h2>SQL</h2>${model.sql.map(
    ({ title, about: words, text }, i) =>
      html`<details${i === 0 && html` open`}><summary>${title}<small>${words}</small></summary><div class="code"><button type="button" class="copy">copy</button><pre><code>${highlightSql(text)}</code></pre></div></details>
`,
  )}</section>
${kind !== 'view' && html`<section class="card"><h2>Last builds</h2>${runTable(runs)}</section>`}`
  return page(site, { title: `${name} · UPI models`, root: ROOT, current: name, body })
}

/** The page of a source: who reads it. */
export function sourcePage(site: Site, { name, readBy, days }: SourceEntry): string {
  const body = html`<h1>${name}</h1>
<p class="lead">A table that models read and do not make; the stream writes it.</p>
<p class="marks"><span class="badge kind-source">source</span></p>
<div class="tiles">${tile(days, 'days with rows')}${tile(readBy.length, readBy.length === 1 ? 'model reads it' : 'models read it')}</div>
<section class="card"><h2>Lineage</h2><div class="scroll">${graphSvg(site, { only: name, root: ROOT })}</div></section>`
  return page(site, { title: `${name} · UPI models`, root: ROOT, current: name, body })
}

function figures({ days, runs, rows, builtAt, kind }: ModelEntry): Html {
  const count = (state: string) => days.filter((day) => day.state === state).length
  const built = runs.filter(({ state }) => state === 'built').map(({ seconds }) => seconds)
  const median = built.toSorted((a, b) => a - b)[Math.floor(built.length / 2)]
  const newest = days.findLast(({ builtAt: at }) => at !== undefined)
  return html`<div class="tiles">
${kind === 'by day' && html`${tile(days.filter((day) => day.builtAt !== undefined).length, 'days held')}${tile(count('closed') + count('revised'), 'closed')}${tile(count('dirty'), 'wait', count('dirty') > 0 ? 'warn' : '')}${tile(count('failed'), 'failed', count('failed') > 0 ? 'bad' : '')}`}
${tile(rows === undefined ? '–' : aboutText(rows), 'rows, about')}${tile(median === undefined ? '–' : secondsText(median), 'median build')}
${newest !== undefined && html`<div class="tile wide"><b>${dayText(newest.date)}</b><span>newest day</span></div>`}
<div class="tile wide"><b>${whenBuilt(builtAt)}</b><span>last built</span></div></div>`
}

function reading({ reads, readBy }: ModelEntry): Html {
  const links = (names: readonly string[]) =>
    names.map((name) => html`<a class="chip" href="${ROOT}${hrefOf(name)}">${name}</a> `)
  return html`<dl class="reading"><dt>reads</dt><dd>${links(reads)}</dd><dt>read by</dt><dd>${readBy.length === 0 ? html`<span class="quiet">no other model</span>` : links(readBy)}</dd></dl>`
}

function columnTable(columns: readonly ColumnEntry[]): Html {
  return html`<div class="scroll"><table class="columns"><thead><tr><th>Column</th><th>Type</th><th>What it is</th><th>Promises</th></tr></thead>
<tbody>${columns.map(
    ({ name, type, isNullable, isKey, about, checks }) =>
      html`<tr id="${name}"><td><code>${name}</code>${isKey && html`<span class="badge key" title="part of the key">key</span>`}</td><td class="type">${type}${isNullable && html`<small> or null</small>`}</td><td>${about}</td>
<td>${checks.map((check) => html`<span class="badge">${check}</span>`)}</td></tr>
`,
  )}</tbody></table></div>`
}

function promises({ checks }: ModelEntry): Html | undefined {
  if (checks.length === 0) return undefined
  const words = { rows: 'each row', sums: 'sums' }
  return html`<h3>Also promised</h3><ul class="promises">${checks.map(
    ({ name, kind }) => html`<li>${name}<small>${words[kind]}</small></li>`,
  )}</ul>`
}

function runTable(runs: readonly RunEntry[]): Html {
  if (runs.length === 0) return html`<p class="quiet">It was never built.</p>`
  const longest = Math.max(...runs.map(({ seconds }) => seconds))
  return html`<div class="scroll"><table class="runs"><thead><tr><th>When</th><th>Day</th><th>Why</th><th class="number">Inserted</th><th class="number">Updated</th><th class="number">Deleted</th><th class="number">Unchanged</th><th>Took</th></tr></thead>
<tbody>${runs.map((run) => runLine(run, longest))}</tbody></table></div>`
}

function runLine(run: RunEntry, longest: number): Html {
  const day = run.day === null ? 'whole' : dayText(run.day)
  const start = html`<td>${instantText(run.at)}</td><td>${day}</td><td>${run.reason}</td>`
  if (run.state === 'failed') {
    return html`<tr class="failed">${start}<td colspan="5"><span class="pill failed">refused</span> ${run.error}</td></tr>
`
  }
  const width = longest === 0 ? 0 : Math.max(2, Math.round((run.seconds / longest) * 100))
  const counts = [run.inserted, run.updated, run.deleted, run.unchanged]
  const cells = counts.map(
    (count) => html`<td class="number${count === 0 && ' zero'}">${countText(count)}</td>`,
  )
  return html`<tr>${start}${cells}<td class="took"><span class="meter"><i style="width:${width}%"></i></span>${secondsText(run.seconds)}</td></tr>
`
}
