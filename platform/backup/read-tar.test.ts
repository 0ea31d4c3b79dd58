import { describe, expect, test } from 'vitest'
import { readTar } from './read-tar.ts'

const BODY = Buffer.from('x'.repeat(700))

function aHeader(path: string, size: number, flag = '0'): Buffer {
  const block = Buffer.alloc(512)
  block.write(path, 0)
  block.write('0000600', 100)
  block.write(size.toString(8).padStart(11, '0'), 124)
  block.write(flag, 156)
  block.write('        ', 148)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

const ARCHIVE = Buffer.concat([
  aHeader('base/', 0, '5'),
  aHeader('base/1', BODY.length),
  BODY,
  Buffer.alloc(1024 - BODY.length),
  aHeader('./empty', 0),
  Buffer.alloc(1024),
])

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function listed(archive: Buffer, size: number, reads = true): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { path, kind, mode, body } of readTar(inPieces(archive, size))) {
    const pieces: Buffer[] = []
    if (reads) for await (const piece of body) pieces.push(piece)
    found.push([path, kind, mode, Buffer.concat(pieces).length])
  }
  return found
}

describe('an archive', () => {
  test.each([1, 7, 512, 10_000])('is read from pieces of %i bytes', async (size) => {
    expect(await listed(ARCHIVE, size)).toEqual([
      ['base', 'folder', 0o600, 0],
      ['base/1', 'file', 0o600, BODY.length],
      ['empty', 'file', 0o600, 0],
    ])
  })

  test('may have bodies that nobody reads', async () => {
    expect(await listed(ARCHIVE, 100, false)).toHaveLength(3)
  })

  test('that ends in the middle, or has a damaged header, is refused', async () => {
    await expect(listed(ARCHIVE.subarray(0, 1200), 512)).rejects.toThrow('ends in the middle')
    const damaged = Buffer.from(ARCHIVE)
    damaged[3] = 0x41
    await expect(listed(damaged, 512)).rejects.toThrow('a header is damaged')
    await expect(listed(aHeader('x', 0, '7'), 512)).rejects.toThrow(`an entry of kind '7'`)
  })

  test('may hold files beyond the octal 8 GiB', async () => {
    const header = aHeader('big', 0)
    header.fill(0, 124, 136)
    header[124] = 0x80
    header.writeUIntBE(9 * 2 ** 30, 130, 6)
    header.write('        ', 148)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const { value } = await readTar(inPieces(header, 512)).next()
    expect(value).toMatchObject({ path: 'big', bytes: 9 * 2 ** 30 })
  })
})
