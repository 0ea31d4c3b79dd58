import { expect, onTestFinished, test, vi } from 'vitest'
import { BytesInHand, fetchWithin, newPortion, type Portion } from './bytes-in-hand.ts'

const LIMITS = { maxBytes: 1_000, maxWaitTime: 1 }

/** Fetches batches of these sizes, each of a partition of its own; gives the portions that found room. */
async function fetchAll(node: number, ...sizes: number[]): Promise<Portion[] | undefined> {
  return await fetchWithin(node, LIMITS, async () => {
    const portions = await Promise.all(sizes.map(fetchOne))
    return portions.filter((each) => each !== undefined)
  })
}

async function fetchOne(bytes: number): Promise<Portion | undefined> {
  const portion = newPortion()
  const unpacked = await portion?.add(async () => ({ unpacked: true, bytes }))
  return unpacked === undefined ? undefined : portion
}

test('a fetch ends with the batch that passes the budget, and the next waits until enough is released', async () => {
  const hand = new BytesInHand(120)
  await hand.bound(async () => {
    const portions = (await fetchAll(1, 100, 50, 10)) ?? []
    expect(portions).toHaveLength(2)
    expect(hand.bytes).toBe(150)
    for (const portion of portions) portion.take()
    expect(await fetchAll(1, 10)).toBe(undefined)
    portions[1]?.release()
    expect(hand.bytes).toBe(100)
    expect(await fetchAll(1, 10)).toHaveLength(1)
  })
})

test('of one partition a share is unpacked, and what is over when its last batch is', async () => {
  const hand = new BytesInHand(120)
  const batch = async () => ({ unpacked: true, bytes: 6 })
  const added = hand.bound(() =>
    fetchWithin(1, LIMITS, async () => {
      const portion = newPortion()
      return [await portion?.add(batch), await portion?.add(batch), await portion?.add(batch)]
    }),
  )
  expect(await added).toEqual([true, true, undefined])
})

test('what nobody has taken is released when its broker is asked again; what is taken late counts', async () => {
  const hand = new BytesInHand(120)
  await hand.bound(async () => {
    const [dropped] = (await fetchAll(1, 30)) ?? []
    await fetchAll(2, 20)
    expect(hand.bytes).toBe(50)
    await fetchAll(1)
    expect(hand.bytes).toBe(20)
    dropped?.take()
    expect(hand.bytes).toBe(50)
  })
})

test('what a fetch brought that failed is released', async () => {
  const hand = new BytesInHand(120)
  await hand.bound(async () => {
    const failing = fetchWithin(1, LIMITS, async () => {
      await fetchOne(30)
      throw new Error('a partition has moved')
    })
    await expect(failing).rejects.toThrow('moved')
    await fetchAll(1)
    expect(hand.bytes).toBe(0)
  })
})

test('what a fetch brings after its broker was asked again, or long after it was asked, is released', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const hand = new BytesInHand(120)
  await hand.bound(async () => {
    const answer = Promise.withResolvers<void>()
    const late = (node: number) =>
      fetchWithin(node, LIMITS, async () => {
        const begun = newPortion()
        await begun?.add(async () => ({ unpacked: true, bytes: 5 }))
        await answer.promise
        await begun?.add(async () => ({ unpacked: true, bytes: 5 }))
        await fetchOne(10)
      })
    const fetches = [late(1), late(2)]
    await fetchAll(1)
    vi.advanceTimersByTime(6_000)
    await fetchAll(3)
    answer.resolve()
    await Promise.all(fetches)
    expect(hand.bytes).toBe(40)
    await Promise.all([fetchAll(1), fetchAll(2)])
    expect(hand.bytes).toBe(0)
  })
})

test('without a budget nothing is bounded', async () => {
  expect(newPortion()).toBe(undefined)
  expect(await fetchWithin(1, LIMITS, async (maxBytes) => maxBytes)).toBe(1_000)
})
