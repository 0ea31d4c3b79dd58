import { hrefOf } from './graph-svg.ts'
import { indexPage } from './index-page.ts'
import { modelPage, sourcePage } from './model-page.ts'
import { STYLES } from './page.ts'
import type { Site } from './site-data.ts'

/** Files that are the same for every site, beside this one: how it looks, and what it does in a browser. */
export const ASSETS: readonly string[] = [...STYLES, 'site.js']

/** The pages and the words to search, by path. */
export function renderSite(site: Site): ReadonlyMap<string, string> {
  return new Map([
    ['index.html', indexPage(site)],
    ['search.js', searchIndex(site)],
    ...site.models.map((model) => [hrefOf(model.name), modelPage(site, model)] as const),
    ...site.sources.map((source) => [hrefOf(source.name), sourcePage(site, source)] as const),
  ])
}

// A page that was opened from a disk may load a script, but no JSON.
function searchIndex({ models, sources }: Site): string {
  const entries = [
    ...models.map(({ name, about }) => ({ name, in: '', about, href: hrefOf(name) })),
    ...sources.map(({ name }) => ({ name, in: '', about: 'source', href: hrefOf(name) })),
    ...models.flatMap((model) =>
      model.columns.map(({ name, about }) => ({
        name,
        in: model.name,
        about,
        href: `${hrefOf(model.name)}#${name}`,
      })),
    ),
  ]
  return `window.SEARCH = ${JSON.stringify(entries).replaceAll('<', '\\u003c')}\n`
}
