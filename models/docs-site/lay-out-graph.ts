/** Something to be placed: how large it is. */
export interface Box {
  readonly id: string
  readonly width: number
  readonly height: number
}

export interface Link {
  readonly from: string
  readonly to: string
}

export interface Placed extends Box {
  readonly x: number
  readonly y: number
}

/** A link with the points that it passes, from the right side of a box to the left side of another. */
export interface Routed<L extends Link> {
  readonly link: L
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Layout<L extends Link> {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Placed[]
  readonly links: readonly Routed<L>[]
}

const GAP_ACROSS = 72
const GAP_DOWN = 16
const SWEEPS = 12

/** A box, or a bend of a link that passes a layer; bends share the order with boxes so that links go around them. */
interface Spot {
  readonly box: Box
  readonly layer: number
  y: number
  readonly before: Spot[]
  readonly after: Spot[]
}

/**
 * Places boxes in layers from left to right, each behind all that link to it: longest path, bends for links that pass
 * layers, order by the middle of the neighbours (Sugiyama's way), then heights drawn towards the neighbours.
 */
export function layOutGraph<L extends Link>(boxes: readonly Box[], links: readonly L[]): Layout<L> {
  const spots = new Map(
    boxes.map((box): [string, Spot] => [box.id, spotOf(box, layerOf(box.id, links))]),
  )
  const layers: Spot[][] = []
  for (const spot of spots.values()) putInto(layers, spot)
  const routes = links.map((link) => ({ link, spots: route(link, spots, layers) }))
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) order(layers, sweep % 2 === 0)
  for (const layer of layers) stack(layer)
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) draw(layers, sweep % 2 === 0)
  const top = Math.min(...layers.flat().map(({ y }) => y))
  for (const spot of layers.flat()) spot.y -= top
  const widths = layers.map((layer) => Math.max(...layer.map(({ box }) => box.width)))
  const left = widths.map((_, i) => sum(widths.slice(0, i)) + i * GAP_ACROSS)
  const leftOf = ({ layer }: Spot) => left[layer] as number
  const place = (spot: Spot): Placed => ({ ...spot.box, x: leftOf(spot), y: spot.y })
  return {
    width: sum(widths) + (widths.length - 1) * GAP_ACROSS,
    height: Math.max(...layers.flat().map(({ y, box }) => y + box.height)),
    boxes: [...spots.values()].map(place),
    links: routes.map(({ link, spots: passed }) => ({
      link,
      points: pointsOf(passed, leftOf, widths),
    })),
  }
}

function layerOf(id: string, links: readonly Link[]): number {
  const above = links.filter(({ to }) => to === id)
  return Math.max(0, ...above.map(({ from }) => layerOf(from, links) + 1))
}

function spotOf(box: Box, layer: number): Spot {
  return { box, layer, y: 0, before: [], after: [] }
}

function putInto(layers: Spot[][], spot: Spot): void {
  while (layers.length <= spot.layer) layers.push([])
  layers[spot.layer]?.push(spot)
}

/** The spots that a link passes, with a bend in each layer between its ends. */
function route({ from, to }: Link, spots: ReadonlyMap<string, Spot>, layers: Spot[][]): Spot[] {
  const [first, last] = [spots.get(from) as Spot, spots.get(to) as Spot]
  const passed = [first]
  for (let layer = first.layer + 1; layer < last.layer; layer += 1) {
    const bend = spotOf({ id: '', width: 0, height: 0 }, layer)
    putInto(layers, bend)
    passed.push(bend)
  }
  passed.push(last)
  for (const [i, spot] of passed.slice(1).entries()) {
    passed[i]?.after.push(spot)
    spot.before.push(passed[i] as Spot)
  }
  return passed
}

/** Orders each layer by where its neighbours stand in theirs. */
function order(layers: readonly Spot[][], isForward: boolean): void {
  for (const layer of isForward ? layers : layers.toReversed()) {
    const rank = new Map(layers.flatMap((each) => each.map((spot, i) => [spot, i] as const)))
    const middle = new Map(
      layer.map((spot, i) => {
        const near = isForward ? spot.before : spot.after
        return [
          spot,
          near.length === 0 ? i : sum(near.map((n) => rank.get(n) as number)) / near.length,
        ]
      }),
    )
    layer.sort((a, b) => (middle.get(a) as number) - (middle.get(b) as number))
  }
}

function stack(layer: readonly Spot[]): void {
  let y = 0
  for (const spot of layer) {
    spot.y = y
    y += spot.box.height + GAP_DOWN
  }
  for (const spot of layer) spot.y -= (y - GAP_DOWN) / 2
}

/** Draws each spot towards the middle of its neighbours, as far as order and gaps allow. */
function draw(layers: readonly Spot[][], isForward: boolean): void {
  for (const layer of isForward ? layers : layers.toReversed()) {
    const wished = layer.map((spot) => {
      const near = isForward ? spot.before : spot.after
      const centre = (each: Spot) => each.y + each.box.height / 2
      return near.length === 0 ? spot.y : sum(near.map(centre)) / near.length - spot.box.height / 2
    })
    for (const [i, y] of spaced(layer, wished).entries()) (layer[i] as Spot).y = y
  }
}

/** The heights nearest to the wished ones that keep order and gaps: who would overlap moves as one block. */
function spaced(layer: readonly Spot[], wished: readonly number[]): number[] {
  const offsets = layer.map((_, i) =>
    sum(layer.slice(0, i).map(({ box }) => box.height + GAP_DOWN)),
  )
  const blocks: { total: number; count: number }[] = []
  for (const [i, wish] of wished.entries()) {
    let block = { total: wish - (offsets[i] as number), count: 1 }
    for (let before = blocks.at(-1); before !== undefined; before = blocks.at(-1)) {
      if (before.total / before.count <= block.total / block.count) break
      block = { total: before.total + block.total, count: before.count + block.count }
      blocks.pop()
    }
    blocks.push(block)
  }
  const levels = blocks.flatMap(({ total, count }) => Array<number>(count).fill(total / count))
  return levels.map((level, i) => level + (offsets[i] as number))
}

function pointsOf(
  spots: readonly Spot[],
  leftOf: (spot: Spot) => number,
  widths: readonly number[],
): [number, number][] {
  return spots.flatMap((spot, i): [number, number][] => {
    const [x, y] = [leftOf(spot), spot.y + spot.box.height / 2]
    if (i === 0) return [[x + spot.box.width, y]]
    if (i === spots.length - 1) return [[x, y]]
    return [
      [x, y],
      [x + (widths[spot.layer] as number), y],
    ]
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
