import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { forwardPort } from './forward-ports.ts'

test('what a caller sends reaches the service, and the answer comes back', async () => {
  const service = createServer((caller) => void caller.pipe(caller)).listen(0, '127.0.0.1')
  await once(service, 'listening')
  const door = await forwardPort(`0=127.0.0.1:${portOf(service.address())}`)
  onTestFinished(() => {
    door.close()
    service.close()
  })
  const caller = connect(portOf(door.address()), '127.0.0.1')
  caller.end('a query')
  expect(await text(caller)).toBe('a query')
})

test('a service that is away ends the call and nothing else', async () => {
  const service = createServer().listen(0, '127.0.0.1')
  await once(service, 'listening')
  const port = portOf(service.address())
  await new Promise((resolve) => service.close(resolve))
  const door = await forwardPort(`0=127.0.0.1:${port}`)
  onTestFinished(() => void door.close())
  for (const _ of [1, 2]) {
    const caller = connect(portOf(door.address()), '127.0.0.1')
    expect(await text(caller)).toBe('')
  }
})

test('a rule that is none is refused', async () => {
  await expect(forwardPort('5432')).rejects.toThrow('5432=postgres:5432')
})

function portOf(address: AddressInfo | string | null): number {
  return (address as AddressInfo).port
}
