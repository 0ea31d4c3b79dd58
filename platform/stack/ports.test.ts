import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { checkPorts, isFree, portHolder } from './ports.ts'

test('a taken port is refused with the program that has it', async () => {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as { port: number }
  expect(await isFree(port)).toBe(false)
  expect(portHolder(port)).toContain(`pid ${process.pid}`)
  await expect(checkPorts([port])).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringContaining(`port ${port} (`),
    fix: expect.stringContaining('UPI_PORT_BASE'),
  })
  await new Promise((closed) => server.close(closed))
  expect(await isFree(port)).toBe(true)
  await expect(checkPorts([port])).resolves.toBeUndefined()
})
