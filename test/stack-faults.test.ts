import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { environmentOf } from '../platform/config.ts'
import { findOnPath } from '../platform/stack/fetch/run-tool.ts'
import {
  logFile,
  type ProcessSpec,
  readState,
  type StackOptions,
  startStack,
  stopStack,
  waitReady,
} from '../platform/stack/index.ts'
import { eventually } from './eventually.ts'
import {
  componentOf,
  killNow,
  ownStackOptions,
  processesOf,
  removeOwnStack,
  takenPorts,
  webProcess,
} from './own-stack.ts'

const made: StackOptions[] = []
afterEach(async () => {
  for (const options of made.splice(0)) await removeOwnStack(options)
})

test('a taken port is named with the program that has it, and nothing is started', async () => {
  const options = await own({ servers: ['postgres'] })
  const server = createServer()
  await new Promise<void>((listening) => server.listen(options.portBase, '127.0.0.1', listening))
  await expect(up(options)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringMatching(`port ${options.portBase} \\(.*pid ${process.pid}\\) is taken`),
    fix: expect.stringContaining('UPI_PORT_BASE'),
  })
  await new Promise((closed) => server.close(closed))
  await nothingLeft(options)
})

test('without Java the line says so and how to get it', async () => {
  const options = await own({ servers: ['kafka'], env: await pathWith('id') })
  await expect(up(options)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringContaining('java is not on PATH'),
    fix: expect.stringContaining('install Java 17'),
  })
  await nothingLeft(options)
})

test('with an old Java the line names it', async () => {
  const env = await pathWith('id', 'sh')
  script(env, 'java', 'echo \'openjdk version "11.0.20"\' >&2')
  const options = await own({ servers: ['kafka'], env })
  await expect(up(options)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringContaining('not Java 17 or newer (openjdk version "11.0.20")'),
  })
})

test('without Go and without network the line says what was tried', async () => {
  const options = await own({
    servers: ['temporal'],
    env: { ...(await pathWith('id')), ...NO_NETWORK },
  })
  const empty = { ...options, cacheDir: join(options.home, 'cache') }
  await expect(up(empty)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringMatching(/official release: .*; go install: go is not on PATH/),
    fix: expect.stringContaining('install Go'),
  })
})

test('a process that cannot start fails the start with its last words', async () => {
  const options = await own({ servers: ['postgres'] })
  const script = 'console.error("no such topic"); process.exit(2)'
  const web = webProcess(options.portBase, ['postgres'])
  const broken: ProcessSpec = { ...web, argv: [process.execPath, '-e', script] }
  await expect(up({ ...options, processes: [broken] })).rejects.toMatchObject({
    code: 'COMPONENT_FAILED',
    message: 'web: ended with code 2: no such topic',
  })
  expect(readState(options.home)).toMatchObject({ phase: 'failed', ready: false })
  await nothingLeft(options)
})

test('a log that cannot be written, as on a full disk, ends nobody', async () => {
  const own = await ownWeb()
  await up(own)
  const before = componentOf(own, 'web')
  killNow(before)
  await eventually(
    () => componentOf(own, 'web'),
    (now) => now?.state === 'ready' && now.pid !== before?.pid,
  )
})

test('Ctrl-C while servers start leaves no process and no port', async () => {
  const options = await own()
  const interrupt = new AbortController()
  await startStack(options)
  const waiting = waitReady(options.home, {
    signal: interrupt.signal,
    onChange: ({ components }) => {
      if (components.some(({ pid }) => pid !== undefined)) interrupt.abort()
    },
  })
  await expect(waiting).rejects.toThrow('aborted')
  await stopStack(options.home)
  await nothingLeft(options)
})

test('Ctrl-C at the very beginning leaves no supervisor', async () => {
  const options = await own()
  const interrupt = new AbortController()
  const starting = startStack(options, interrupt.signal)
  interrupt.abort()
  await expect(starting).rejects.toThrow('aborted')
  await nothingLeft(options)
})

test('Ctrl-C in a fetch ends the fetching programs and leaves no half cache entry', async () => {
  const env = await pathWith('sh', 'sleep', 'java')
  for (const tool of ['mvn', 'go']) script(env, tool, 'sleep 1000 & sleep 1000')
  const servers = ['kafka', 'temporal'] as const
  const options = await own({ servers, env: { ...env, ...NO_NETWORK } })
  const cacheDir = join(options.home, 'cache')
  await startStack({ ...options, cacheDir })
  const fetching = () => processesOf(options).length
  await eventually(fetching, (count) => count >= 5, 30_000)
  await stopStack(options.home)
  await nothingLeft(options)
  expect(readdirSync(cacheDir).filter((name) => name !== '.locks' && name !== 'compiled')).toEqual(
    [],
  )
})

const NO_NETWORK = { HTTPS_PROXY: 'http://127.0.0.1:1', https_proxy: 'http://127.0.0.1:1' }

async function own(given: Partial<StackOptions> = {}): Promise<StackOptions> {
  const options = await ownStackOptions(given)
  made.push(options)
  return options
}

// Of a supervisor whose log is full from the beginning.
async function ownWeb(): Promise<StackOptions> {
  const options = await own({ servers: [] })
  const path = logFile(options.home, 'supervisor')
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync('/dev/full', path)
  return { ...options, processes: [webProcess(options.portBase, [])] }
}

async function up(options: StackOptions): Promise<void> {
  await startStack(options)
  await waitReady(options.home)
}

async function nothingLeft(options: StackOptions): Promise<void> {
  expect(processesOf(options)).toEqual([])
  expect(await takenPorts(options)).toEqual([])
}

// A PATH with these programs of the machine and no other.
async function pathWith(...programs: string[]): Promise<Record<string, string>> {
  const folder = join((await own()).home, 'bin')
  mkdirSync(folder)
  for (const program of programs) {
    const place = findOnPath(program, environmentOf().PATH)
    if (place !== undefined) symlinkSync(place, join(folder, program))
  }
  const { JAVA_HOME: _, ...rest } = environmentOf()
  return { ...rest, PATH: folder }
}

function script(env: Record<string, string>, name: string, body: string): void {
  const path = join(env.PATH ?? '', name)
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
}
