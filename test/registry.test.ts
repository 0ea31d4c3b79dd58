import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { need } from '../platform/config.ts'
import { createEncoder, createSubjectEncoder } from '../platform/message-encoder.ts'
import {
  checkSubject,
  findId,
  messageSubjects,
  registerSubject,
} from '../platform/message-subjects.ts'
import { createRegistry, type Registry } from '../platform/registry.ts'
import { createSchemaReader } from '../platform/schema-reader.ts'
import { aMessage } from './factories.ts'
import { useStack } from './harness.ts'
import {
  demandingVersion,
  forgetfulVersion,
  newerVersion,
  olderVersion,
} from './schemas/versions.ts'

const own = useStack('topics')
const registryUrl = need(own.configFor(), 'schemaRegistryUrl').schemaRegistryUrl
const registry = openRegistry({})
const MESSAGE = aMessage({ city: 'Bengaluru – ಬೆಂಗಳೂರು', state: null })

function openRegistry(settings: Record<string, string>): Registry {
  return createRegistry(need(own.configFor(settings), 'schemaRegistryUrl'))
}

let topics = 0

function aTopic(): string {
  topics += 1
  return `${own.name}_${topics}`
}

describe.each(['json', 'avro'] as const)('the %s subject', (framing) => {
  const subject = messageSubjects(aTopic())[framing]

  test('is checked before it exists, registered once however often, by whomever', async () => {
    expect(await checkSubject(registry, subject)).toMatchObject({
      state: 'may be registered',
      level: null,
      versions: 0,
    })
    const ids = await Promise.all([1, 2, 3].map(() => registerSubject(registry, subject)))
    expect(new Set(ids).size).toBe(1)
    expect(await registerSubject(registry, subject)).toBe(ids[0])
    expect(await checkSubject(registry, subject)).toMatchObject({
      state: 'registered',
      level: subject.level,
      versions: 1,
    })
  })

  test('takes a version with one more optional field, and keeps the one before', async () => {
    const id = await registerSubject(registry, subject)
    const newer = newerVersion(subject)
    expect(await checkSubject(registry, newer)).toMatchObject({ state: 'may be registered' })
    expect(await registerSubject(registry, newer)).not.toBe(id)
    expect(await checkSubject(registry, subject)).toMatchObject({
      state: 'registered',
      versions: 2,
    })
  })

  test.each([
    [demandingVersion, 'loyalty_tier is new and required'],
    [forgetfulVersion, 'payee is removed'],
  ])('refuses an incompatible version, and names the field: %o', async (change, phrase) => {
    const subject = messageSubjects(aTopic())[framing]
    await registerSubject(registry, subject)
    const broken = change(subject)
    const reason = expect.stringMatching(`breaks with version \\d+: ${phrase}$`)
    expect(await checkSubject(registry, broken)).toMatchObject({ state: 'incompatible', reason })
    await expect(registerSubject(registry, broken)).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      message: reason,
    })
    expect(await findId(registry, broken)).toBeUndefined()
  })

  test('whose compatibility was loosened is reported, and mended by registering', async () => {
    const path = `/config/${subject.name}`
    await registry.ask({ method: 'PUT', path, body: { compatibility: 'NONE' } })
    const { state, reason } = await checkSubject(registry, subject)
    expect([state, reason]).toEqual([
      'level differs',
      `compatibility is NONE, should be ${subject.level}`,
    ])
    await registerSubject(registry, subject)
    expect(await checkSubject(registry, subject)).toMatchObject({ state: 'registered' })
  })

  test('frames messages that a reader gets back', async () => {
    const topic = aTopic()
    await expect(createEncoder(framing, { registry, topic })).rejects.toMatchObject({
      code: 'SCHEMA_UNREGISTERED',
    })
    const id = await registerSubject(registry, messageSubjects(topic)[framing])
    const encode = await createEncoder(framing, { registry, topic })
    const value = encode(MESSAGE)
    expect([value[0], value.readUInt32BE(1)]).toEqual([0, id])
    expect(await read(value)).toMatchObject(MESSAGE)
  })

  test('reads the version before and the version after', async () => {
    const { state: _, ...shorter } = MESSAGE
    const longer = { ...MESSAGE, loyalty_tier: 'GOLD' }
    for (const [change, message] of [
      [olderVersion, shorter],
      [newerVersion, longer],
    ] as const) {
      const other = change({ ...subject, name: `${aTopic()}-value` })
      await registerSubject(registry, other)
      const encode = await createSubjectEncoder(registry, other)
      const value = await read(encode(message))
      expect(value).toMatchObject(message)
      expect('state' in Object(value)).toBe('state' in message)
    }
  })
})

async function read(value: Buffer): Promise<unknown> {
  const reader = createSchemaReader(registry)
  await reader.load(value.readUInt32BE(1))
  const schema = reader.schemaOf(value.readUInt32BE(1))
  if (schema.type === 'UNKNOWN') throw new Error('the reader does not know the id')
  const body = value.subarray(5)
  return schema.type === 'AVRO' ? schema.fromBuffer(body) : JSON.parse(body.toString())
}

describe('a schema reader', () => {
  const NO_ONES_ID = 2_147_483_000

  test('asks once for what it knows, and again for an unknown id only after a while', async () => {
    const id = await registerSubject(registry, messageSubjects(aTopic()).avro)
    const asked: string[] = []
    const counting: Registry = {
      ...registry,
      ask: (question) => {
        asked.push(question.path)
        return registry.ask(question)
      },
    }
    let now = 0
    const reader = createSchemaReader(counting, () => now)
    const load = async (each: number) => (await reader.load(each)).type
    expect([
      await load(id),
      await load(id),
      await load(NO_ONES_ID),
      await load(NO_ONES_ID),
    ]).toEqual(['AVRO', 'AVRO', 'UNKNOWN', 'UNKNOWN'])
    now = 29_999
    await load(NO_ONES_ID)
    expect(asked).toHaveLength(2)
    now = 30_000
    await load(NO_ONES_ID)
    expect(asked).toHaveLength(3)
    expect(reader.schemaOf(NO_ONES_ID).type).toBe('UNKNOWN')
  })

  test('refuses to guess an id that was not loaded', () => {
    expect(() => createSchemaReader(registry).schemaOf(1)).toThrow('was not loaded')
  })

  test('reads no body by a schema that does not compile or is of another kind', async () => {
    const subject = `${aTopic()}-value`
    const schema = 'syntax = "proto3"; message Payment { string txn_id = 1; }'
    const { body } = await registry.ask({
      method: 'POST',
      path: `/subjects/${subject}/versions`,
      body: { schemaType: 'PROTOBUF', schema },
    })
    const known = await createSchemaReader(registry).load((body as { id: number }).id)
    if (known.type !== 'AVRO') throw new Error('known as another kind')
    expect(() => known.fromBuffer(Buffer.from('x'))).toThrow('no body')
  })
})

describe('a registry that is away', () => {
  const unavailable = { code: 'REGISTRY_UNAVAILABLE' }

  test('is never taken for one that lacks the schema', async () => {
    const port = await withServer(401, async (url) => new URL(url).port)
    const closed = openRegistry({ SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}` })
    await expect(createSchemaReader(closed).load(1)).rejects.toMatchObject(unavailable)
    await expect(registerSubject(closed, messageSubjects('t').json)).rejects.toMatchObject(
      unavailable,
    )
    await expect(checkSubject(closed, messageSubjects('t').avro)).rejects.toMatchObject(unavailable)
    const elsewhere = openRegistry({ SCHEMA_REGISTRY_URL: `${registryUrl}/elsewhere` })
    await expect(createSchemaReader(elsewhere).load(1)).rejects.toMatchObject(unavailable)
  })

  test.each([401, 500, 503, 404, 200])('also when it answers %i without sense', async (status) => {
    await withServer(status, async (url) => {
      const odd = openRegistry({ SCHEMA_REGISTRY_URL: url })
      await expect(createSchemaReader(odd).load(1)).rejects.toMatchObject(unavailable)
    })
  })

  test('is not asked in the clear beyond loopback', () => {
    expect(() => openRegistry({ SCHEMA_REGISTRY_URL: 'http://registry.example/x' })).toThrow(
      expect.objectContaining({ code: 'PLAINTEXT_REFUSED' }),
    )
  })
})

test('credentials are sent, and shown nowhere', async () => {
  const secret = 'reader:p:ss'
  const seen: (string | undefined)[] = []
  await withServer(
    401,
    async (url) => {
      const given = openRegistry({ SCHEMA_REGISTRY_URL: url, SCHEMA_REGISTRY_AUTH: secret })
      const fault = await given.ask({ path: '/subjects' }).catch((error: Error) => error)
      expect((fault as Error).message).toContain('refuses the credentials')
      const inUrl = openRegistry({ SCHEMA_REGISTRY_URL: url.replace('//', '//reader:p%3Ass@') })
      const other = await inUrl.ask({ path: '/subjects' }).catch((error: Error) => error)
      expect(`${(fault as Error).message} ${(other as Error).message} ${inUrl.url}`).not.toContain(
        'ss@',
      )
    },
    seen,
  )
  const expected = `Basic ${Buffer.from(secret).toString('base64')}`
  expect(seen).toEqual([expected, expected])
})

async function withServer<T>(
  status: number,
  use: (url: string) => Promise<T>,
  authorizations: (string | undefined)[] = [],
): Promise<T> {
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization)
    response.writeHead(status, { 'content-type': 'text/html' }).end('<html>not a registry</html>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
