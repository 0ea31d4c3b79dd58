import { describe, expect, test } from 'vitest'
import { layOutGraph, type Placed } from './lay-out-graph.ts'

const box = (id: string) => ({ id, width: 100, height: 40 })
const links = [
  { from: 'source', to: 'staging' },
  { from: 'staging', to: 'fact' },
  { from: 'staging', to: 'hourly' },
  { from: 'staging', to: 'daily' },
  { from: 'fact', to: 'daily' },
]
const layout = layOutGraph(['daily', 'hourly', 'fact', 'staging', 'source'].map(box), links)
const place = (id: string) => layout.boxes.find((each) => each.id === id) as Placed

describe('A graph that is laid out', () => {
  test('has each box to the right of all that link to it', () => {
    for (const { from, to } of links) expect(place(from).x + 100).toBeLessThan(place(to).x)
  })

  test('has no box upon another, and all within its bounds', () => {
    for (const [i, one] of layout.boxes.entries()) {
      expect(one.y).toBeGreaterThanOrEqual(0)
      expect(one.x + one.width).toBeLessThanOrEqual(layout.width)
      expect(one.y + one.height).toBeLessThanOrEqual(layout.height)
      for (const other of layout.boxes.slice(i + 1)) {
        const isApart = one.x !== other.x || Math.abs(one.y - other.y) >= 40
        expect(isApart, `${one.id} and ${other.id}`).toBe(true)
      }
    }
  })

  test('leads each link from box to box, and around those in between', () => {
    for (const { link, points } of layout.links) {
      const [from, to] = [place(link.from), place(link.to)]
      expect(points[0]).toEqual([from.x + 100, from.y + 20])
      expect(points.at(-1)).toEqual([to.x, to.y + 20])
    }
    const passing = layout.links.find(({ link }) => link.from === 'staging' && link.to === 'daily')
    const [, bend] = passing?.points ?? []
    for (const { y } of [place('fact'), place('hourly')]) {
      const isClear = (bend?.[1] ?? 0) < y || (bend?.[1] ?? 0) > y + 40
      expect(isClear).toBe(true)
    }
  })

  test('of one box is that box', () => {
    expect(layOutGraph([box('a')], [])).toMatchObject({ width: 100, height: 40, links: [] })
  })
})
