import { type Html, html } from './html.ts'
import { type Box, layOutGraph } from './lay-out-graph.ts'
import { type Site, stateOf } from './site-data.ts'

const CHARACTER = 7.3
const HEIGHT = 46
const MARGIN = 12

/** The graph, drawn: a click goes to the page, and pointing at a model shows all it comes from and all it goes to. */
export function graphSvg(
  site: Site,
  options: { readonly only?: string; readonly root?: string } = {},
): Html {
  const { only, root = '' } = options
  const isShown = only === undefined ? () => true : lineageOf(site, only)
  const nodes = nodesOf(site).filter(({ id }) => isShown(id))
  const edges = site.edges.filter(({ from, to }) => isShown(from) && isShown(to))
  const { width, height, boxes, links } = layOutGraph(nodes, edges)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const paths = links.map(({ link, points }) => {
    const style = link.isFollowed ? 'edge followed' : 'edge'
    return html`<path class="${style}" data-from="${link.from}" data-to="${link.to}" d="${pathOf(points)}"/>`
  })
  const drawn = boxes.map((box) => {
    const node = byId.get(box.id) as Node
    const current = box.id === only ? ' current' : ''
    return html`<a href="${root}${hrefOf(box.id)}" class="node ${node.style}${current}" data-id="${box.id}" transform="translate(${round(box.x)} ${round(box.y)})">
<title>${node.title}</title><rect width="${box.width}" height="${box.height}" rx="9"/><rect class="stripe" width="5" height="${box.height - 18}" x="9" y="9" rx="2.5"/>
<text class="name" x="24" y="20">${box.id}</text><text class="kind" x="24" y="36">${node.kind}</text>${node.state !== 'fresh' && html`<circle class="${node.state}" cx="${box.width - 14}" cy="14" r="4.5"/>`}</a>
`
  })
  const [w, h] = [Math.ceil(width + 2 * MARGIN), Math.ceil(height + 2 * MARGIN)]
  return html`<svg class="graph" viewBox="${-MARGIN} ${-MARGIN} ${w} ${h}" width="${w}" height="${h}" role="group" aria-label="Who reads whom">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="10" markerHeight="10" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>
${paths}${drawn}</svg>`
}

/** The page of a model or a source, from the root of the site. */
export function hrefOf(name: string): string {
  return `models/${name}.html`
}

interface Node extends Box {
  readonly kind: string
  readonly style: string
  readonly state: string
  readonly title: string
}

function nodesOf({ models, sources }: Site): Node[] {
  const sized = (name: string, kind: string) => ({
    id: name,
    kind,
    width: Math.max(Math.ceil(name.length * CHARACTER), kind.length * 6) + 58,
    height: HEIGHT,
    style: `kind-${kind.replaceAll(' ', '-')}`,
  })
  return [
    ...sources.map(({ name }) => ({
      ...sized(name, 'source'),
      state: 'fresh',
      title: `${name}: a table that models read`,
    })),
    ...models.map((model) => ({
      ...sized(model.name, model.kind),
      state: stateOf(model),
      title: model.about,
    })),
  ]
}

/** Whether something is the model, above it or below it. */
function lineageOf({ edges }: Site, name: string): (id: string) => boolean {
  const reach = (from: string, forward: boolean): string[] =>
    edges
      .filter((edge) => (forward ? edge.from : edge.to) === from)
      .flatMap((edge) => {
        const next = forward ? edge.to : edge.from
        return [next, ...reach(next, forward)]
      })
  const lineage = new Set([name, ...reach(name, true), ...reach(name, false)])
  return (id) => lineage.has(id)
}

function pathOf(points: readonly (readonly [number, number])[]): string {
  const [first, ...rest] = points
  const [x0, y0] = first as readonly [number, number]
  let [x, y] = [x0, y0]
  const parts = [`M${round(x)} ${round(y)}`]
  for (const [i, [nextX, nextY]] of rest.entries()) {
    // Bends are entered and left on the level, with a straight line through their layer.
    const bend = (nextX - x) * 0.5
    const isStraight = nextY === y
    // The arrow's point stands clear of the box.
    const end = i === rest.length - 1 ? nextX - 2 : nextX
    parts.push(
      isStraight
        ? `H${round(end)}`
        : `C${round(x + bend)} ${round(y)} ${round(nextX - bend)} ${round(nextY)} ${round(end)} ${round(nextY)}`,
    )
    x = nextX
    y = nextY
  }
  return parts.join('')
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}
