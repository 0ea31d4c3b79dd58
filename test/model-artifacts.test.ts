import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Kysely } from 'kysely'
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openLineage } from '../cli/run-lineage.ts'
import { writeArtifacts } from '../cli/write-artifacts.ts'
import type { LineageEvent } from '../models/formats/open-lineage.ts'
import { MODELS } from '../models/index.ts'
import type { Executed } from '../models/warehouse/execute.ts'
import { runModels } from '../models/warehouse/run-models.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { clearModels, GRAPH } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { type Format, faultsOf } from './fixtures/formats.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const folder = mkdtempSync(join(tmpdir(), 'upi-artifacts-'))
const byDay = MODELS.filter(({ kind }) => kind === 'by day').map(({ name }) => name)
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await clearModels(admin)
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('lineage of a run', () => {
  test('reaches a receiver and a file: valid, and each build with one start and one end', async () => {
    await insertClean(admin, {}, { at: '2026-02-02T12:00:00+05:30' })
    const receiver = await receive((response) => response.writeHead(201).end())
    const file = join(folder, 'lineage.ndjson')
    const { executed, notes } = await run({
      OPENLINEAGE_URL: `${receiver.url}/`,
      OPENLINEAGE_API_KEY: 'a-key',
      OPENLINEAGE_FILE: file,
    })
    expect(notes).toEqual([])
    expect(receiver.paths).toEqual(new Set(['POST /api/v1/lineage Bearer a-key']))
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toEqual(receiver.bodies)

    const events = receiver.bodies.map((body): LineageEvent => JSON.parse(body))
    expect(events.flatMap((event) => faultsOf('openlineage-2-0-2', event))).toEqual([])
    const ids = (...types: string[]) =>
      events
        .filter(({ eventType }) => types.includes(eventType ?? ''))
        .map(({ run: told }) => told?.runId)
        .toSorted()
    expect(ids('START')).toEqual(ids('COMPLETE'))
    expect(ids('START')).toHaveLength(executed.runs.length + 1)
    const daily = events.find(
      ({ job, eventType }) => job.name === 'upi.daily_upi_summary' && eventType === 'COMPLETE',
    )
    const address = new URL(own.env.DATABASE_URL as string)
    expect(daily?.outputs).toMatchObject([
      {
        namespace: `postgres://${address.hostname}:${address.port}`,
        name: `${own.name}.public.daily_upi_summary`,
        outputFacets: { outputStatistics: { rowCount: 1 } },
      },
    ])
  })

  test('tells which promise was broken, and what was undone with it', async () => {
    await insertClean(admin, { latency_ms: -5 })
    const receiver = await receive((response) => response.writeHead(200).end())
    const { executed } = await run({ OPENLINEAGE_URL: receiver.url })
    expect(executed.failures).toHaveLength(1)
    const events = receiver.bodies.map((body): LineageEvent => JSON.parse(body))
    expect(events.flatMap((event) => faultsOf('openlineage-2-0-2', event))).toEqual([])
    const failed = events.filter(({ eventType }) => eventType === 'FAIL')
    expect(failed.map(({ job }) => job.name)).toEqual(['upi.daily_upi_summary', 'upi.models_run'])
    expect(failed[0]?.run?.facets.errorMessage).toMatchObject({
      message: expect.stringMatching(/^p50_latency_ms: at least 0/),
    })
    const aborted = events.filter(({ eventType }) => eventType === 'ABORT')
    expect(aborted.map(({ job }) => job.name).toSorted()).toEqual(
      byDay
        .filter((name) => name !== 'daily_upi_summary')
        .map((name) => `upi.${name}`)
        .toSorted(),
    )
  })

  test.each([
    ['that refuses', 'answers 503', (response: ServerResponse) => response.writeHead(503).end()],
    ['that hangs up', 'hang up|closed|reset', (response: ServerResponse) => response.destroy()],
    ['that never answers', 'too slow|no answer', () => {}],
  ])(
    'a receiver %s costs one line and a bounded wait, and no figure',
    async (_, reason, answer) => {
      await insertClean(admin, {})
      const receiver = await receive(answer)
      const { executed, notes } = await run({ OPENLINEAGE_URL: receiver.url })
      expect(executed.runs.map(({ model }) => model)).toEqual(expect.arrayContaining(byDay))
      expect(notes).toHaveLength(1)
      expect(notes[0]).toMatch(new RegExp(`^lineage: \\d+ events did not reach .*(${reason})`))
    },
  )

  test('a run that has nothing to do tells nothing', async () => {
    await run({})
    const receiver = await receive((response) => response.writeHead(200).end())
    await run({ OPENLINEAGE_URL: receiver.url })
    expect(receiver.bodies).toEqual([])
  })

  test('a receiver beyond this machine is not told in plain text', async () => {
    const opening = openLineage(own.configFor({ OPENLINEAGE_URL: 'http://lineage.example' }), db)
    await expect(opening).rejects.toThrow('would be reached without TLS')
  })
})

test('artifacts hold the models, the database and the last builds, each by its schema', async () => {
  await insertClean(admin, {}, { at: '2026-02-02T12:00:00+05:30', latency_ms: -5 })
  await run({})
  const paths = await writeArtifacts(own.configFor(), join(folder, 'target'))
  expect(paths.map((path) => basename(path))).toEqual([
    'manifest.json',
    'catalog.json',
    'run_results.json',
  ])
  const formats: Format[] = ['dbt-manifest-v12', 'dbt-catalog-v1', 'dbt-run-results-v6']
  const [manifest, catalog, results] = paths.map((path, i) => {
    const content = JSON.parse(readFileSync(path, 'utf8'))
    expect(faultsOf(formats[i] as Format, content)).toEqual([])
    return content
  })

  const models = MODELS.map(({ name }) => `model.upi.${name}`)
  expect(Object.keys(catalog.nodes).toSorted()).toEqual(models.toSorted())
  expect(Object.keys(catalog.sources)).toEqual(['source.upi.stream.clean_upi_transactions'])
  for (const id of models) {
    const promised = Object.keys(manifest.nodes[id].columns)
    expect(Object.keys(catalog.nodes[id].columns)).toEqual(expect.arrayContaining(promised))
  }
  const daily = results.results.find(
    (result: { unique_id: string }) => result.unique_id === 'model.upi.daily_upi_summary',
  )
  expect(daily).toMatchObject({
    status: 'partial success',
    batch_results: {
      successful: [['2026-02-01', '2026-02-02']],
      failed: [['2026-02-02', '2026-02-03']],
    },
  })
})

/** A run of all models with these settings, and the lines that lineage has for people. */
async function run(settings: Record<string, string>) {
  const notes: string[] = []
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    notes.push(String(line).trim())
    return true
  })
  let executed: Executed
  try {
    const lineage = await openLineage(own.configFor(settings), db)
    try {
      const around = { db, graph: GRAPH, actor: 'test' }
      executed = await runModels(around, { models: MODELS }, lineage.overhear({}))
    } finally {
      await lineage.close()
    }
  } finally {
    stderr.mockRestore()
  }
  return { executed, notes }
}

/** A server that keeps what it is told. */
async function receive(answer: (response: ServerResponse) => void) {
  const bodies: string[] = []
  const paths = new Set<string>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString())
      paths.add(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim())
      answer(response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, paths }
}
