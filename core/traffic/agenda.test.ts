import { expect, test } from 'vitest'
import { Agenda } from './agenda.ts'
import { Random } from './random.ts'

test('items come out by time, each once', () => {
  const random = new Random('seed')
  const agenda = new Agenda<{ at: number; added: number }>()
  const items = Array.from({ length: 1000 }, (_, added) => ({ at: random.below(50), added }))
  const taken: { at: number; added: number }[] = []
  items.forEach((item, index) => {
    agenda.add(item)
    if (index === 500) for (let i = 0; i < 100; i++) agenda.add(agenda.take() ?? item)
  })
  for (let item = agenda.take(); item !== undefined; item = agenda.take()) taken.push(item)
  expect(taken.map((item) => item.at)).toEqual(items.map((item) => item.at).sort((a, b) => a - b))
  expect(new Set(taken).size).toBe(items.length)
})

test('items of one time keep their order', () => {
  const agenda = new Agenda<{ at: number; name: string }>()
  for (const name of 'abcdefg') agenda.add({ at: name === 'd' ? 1 : 2, name })
  const names = Array.from({ length: 7 }, () => agenda.take()?.name)
  expect(names.join('')).toBe('dabcefg')
})

test('an empty agenda gives nothing', () => {
  const agenda = new Agenda<{ at: number }>()
  expect(agenda.first).toBeUndefined()
  expect(agenda.take()).toBeUndefined()
  agenda.add({ at: 1 })
  expect(agenda.first).toEqual({ at: 1 })
  agenda.take()
  expect(agenda.size).toBe(0)
})
