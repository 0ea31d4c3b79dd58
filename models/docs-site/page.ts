import { instantText } from './formats.ts'
import { hrefOf } from './graph-svg.ts'
import { type Html, html } from './html.ts'
import { type ModelEntry, type Site, stateOf } from './site-data.ts'

/** By this a folder is known to be a site of ours, which may be written anew. */
export const GENERATOR = 'upi models docs'

/** How it looks, from the general to the particular. */
export const STYLES: readonly string[] = [
  'colours.css',
  'site.css',
  'content.css',
  'drawings.css',
  'sql.css',
]

interface Page {
  readonly title: string
  /** From the page to the root of the site: '' or '../'. */
  readonly root: string
  /** The model or source that the page is of. */
  readonly current?: string
  readonly body: Html
}

/** A whole page: head, the bar with the search, the list of models, and its body. */
export function page(site: Site, { title, root, current, body }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${GENERATOR}">
<title>${title}</title>
${STYLES.map(
  (name) => html`<link rel="stylesheet" href="${root}${name}">
`,
)}<script src="${root}search.js" defer></script>
<script src="${root}site.js" defer></script>
</head>
<body data-root="${root}">
<header class="bar">
<a class="brand" href="${root}index.html"><svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M4 6h6M4 18h6M10 6c5 0 3 6 8 6M10 18c5 0 3-6 8-6" fill="none" stroke="currentColor" stroke-width="1.8"/><circle cx="4" cy="6" r="2.6"/><circle cx="4" cy="18" r="2.6"/><circle cx="19" cy="12" r="3.2"/></svg>UPI models</a>
<div class="search"><input type="search" placeholder="Search models and columns" aria-label="Search models and columns" autocomplete="off"><kbd>/</kbd><ul hidden></ul></div>
<button type="button" class="theme" aria-label="Light or dark">◐</button>
</header>
<div class="frame">
<nav aria-label="Models">${groupsOf(site).map(({ name, items }) => group(name, items, { root, current }))}</nav>
<main>
${body}
<footer>Written <time datetime="${site.at.toISOString()}">${instantText(site.at)}</time> by <code>./upi models docs</code></footer>
</main>
</div>
</body>
</html>
`.text
}

/** How a model stands, as a word with its colour. */
export function statePill(model: ModelEntry): Html {
  const state = stateOf(model)
  return html`<span class="pill ${state}">${STATES[state]}</span>`
}

const STATES = { fresh: 'up to date', dirty: 'waits to be built', failed: 'failed' } as const

interface Item {
  readonly name: string
  readonly state: string
}

function groupsOf({ models, sources }: Site): { name: string; items: readonly Item[] }[] {
  const items = (entries: readonly ModelEntry[]) =>
    entries.map((model) => ({ name: model.name, state: stateOf(model) })).toSorted(byName)
  return [
    { name: 'Sources', items: sources.map(({ name }) => ({ name, state: 'fresh' })) },
    { name: 'Staging', items: items(models.filter(({ kind }) => kind === 'view')) },
    { name: 'Marts', items: items(models.filter(({ kind }) => kind !== 'view')) },
  ].filter((each) => each.items.length > 0)
}

function byName(a: Item, b: Item): number {
  return a.name < b.name ? -1 : 1
}

function group(
  title: string,
  items: readonly Item[],
  { root, current }: { readonly root: string; readonly current: string | undefined },
): Html {
  const links = items.map(({ name, state }) => {
    const here = name === current && html` aria-current="page"`
    return html`<li><a href="${root}${hrefOf(name)}"${here}>${name}</a>${state !== 'fresh' && html`<i class="dot ${state}"></i>`}</li>
`
  })
  return html`<h2>${title}</h2><ul>${links}</ul>
`
}
