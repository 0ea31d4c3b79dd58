import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { insertClean } from './clean-rows.ts'
import { eventually, runCli, startCli, useStack } from './harness.ts'
import { FIRST, NAMES, SECOND, THIRD, useModels } from './models-command.ts'

const own = useStack('database')
const on = useModels(own)

describe('models list and graph', () => {
  test('list shows each model and what it holds', async () => {
    expect(await on.listed()).toMatchObject(
      NAMES.map(() => ({
        name: expect.any(String),
        days_built: 0,
        last_run: null,
        tags: expect.any(Array),
      })) as object[],
    )
    await on.run()
    const daily = (await on.listed()).find(({ name }) => name === 'daily_upi_summary')
    expect(daily).toMatchObject({
      ...{ kind: 'by day', grain: ['date'], days_built: 3, days_failed: 0 },
      reads: ['stg_upi_transactions', 'fact_upi_aggregates'],
    })
    expect(Date.parse(daily?.last_run as string)).toBeGreaterThan(Date.now() - 60_000)
    const { stdout } = await on.models('list', '--select', 'tag:daily')
    expect(stdout).toMatch(/^model .*\n[\s\S]*daily_upi_summary .* 3 .*Z\n/)
    expect(stdout).not.toContain('stg_upi_transactions view')
  })

  test('graph prints a tree, edges, or a flow chart', async () => {
    const [tree, json, chart] = await Promise.all([
      on.models('graph'),
      on.models('graph', '--json'),
      on.models('graph', '--mermaid', '--select', 'fact_upi_aggregates+'),
    ])
    expect(tree.stdout).toContain('\n└─ stg_upi_transactions view\n')
    const { models: nodes, edges } = JSON.parse(json.stdout)
    expect(nodes).toHaveLength(NAMES.length)
    const read = { from: 'fact_upi_aggregates', to: 'daily_upi_summary', follows: false }
    expect(edges).toContainEqual(read)
    expect(chart.stdout).toMatch(/^flowchart LR\n/)
    expect(chart.stdout).toContain('  fact_upi_aggregates --> daily_upi_summary\n')
    expect(chart.stdout).not.toContain('hourly')
  })

  test('a wrong selection or range is refused in one line with what may be meant', async () => {
    const [name, tag, range] = await Promise.all([
      on.models('list', '--select', 'daily_sumary'),
      on.models('run', '--select', 'tag:dayly'),
      on.models('plan', '--from', SECOND, '--to', FIRST),
    ])
    expect(name).toMatchObject({ code: 2, stdout: '' })
    expect(name.stderr).toMatch(/^upi: no model is named 'daily_sumary'; fix: did you mean .*\n$/)
    expect(tag).toMatchObject({ code: 2 })
    expect(tag.stderr).toContain('did you mean tag:daily?')
    expect(range).toMatchObject({ code: 2, stderr: expect.stringContaining('lies before') })
  })

  test('a database that is away is an outage, and says where it was looked for', async () => {
    const url = 'postgres://upi_transform:x@127.0.0.1:1/upi'
    const env = { ...own.env, TRANSFORM_DATABASE_URL: url }
    const list = await runCli(['models', 'list'], env)
    expect(list).toMatchObject({ code: 3, stderr: expect.stringContaining('127.0.0.1:1') })
  })
})

describe('models plan', () => {
  test('prints what a run would do, folded for people, and writes nothing', async () => {
    const before = await on.written()
    const [text, dry, json] = await Promise.all([
      on.models('plan'),
      on.models('run', '--dry-run'),
      on.models('plan', '--json'),
    ])
    expect(text).toMatchObject({ code: 0 })
    expect(dry.stdout).toBe(text.stdout)
    expect(text.stdout).toMatch(/build +2026-02-01 … 2026-02-03 +3 +rows changed/)
    const days = JSON.parse(json.stdout).filter((row: { subject: string }) =>
      /^\d/.test(row.subject),
    )
    expect(days).toMatchObject(
      [FIRST, SECOND, THIRD].map((subject) => ({ does: 'build', subject, reason: 'rows changed' })),
    )
    expect(await on.written()).toEqual(before)
    await on.run()
    expect((await on.models('plan')).stdout).toBe('nothing to do\n')
    expect((await on.models('plan', '--json')).stdout).toBe('[]\n')
  })

  test('keeps to the range and the models that are asked for', async () => {
    await on.run()
    const choice = ['--full-refresh', '--select', 'fact_upi_aggregates', '--from', SECOND, '--json']
    expect(JSON.parse((await on.models('plan', ...choice)).stdout)).toEqual(
      [SECOND, THIRD].map((subject) => ({
        ...{ does: 'build', subject, reason: 'asked', models: ['fact_upi_aggregates'] },
      })),
    )
  })
})

describe('models run', () => {
  test('builds all that is dirty, says what changed, and then has nothing to do', async () => {
    const first = await on.models('run')
    expect(first).toMatchObject({ code: 0 })
    expect(first.stdout).toMatch(/daily_upi_summary +3 +3 +\d+\.\d\d\n/)
    expect(first.stderr).toContain('3 days built, 0 failed')
    expect(await on.models('run')).toMatchObject({ code: 0, stdout: 'nothing to do\n' })
    await insertClean(on.admin, { txn_id: 'D', amount: '1.00' })
    const { days_built, made, models: sums, failures, skipped } = await on.run()
    expect({ days_built, made, failures, skipped }).toEqual({
      ...{ days_built: 1, made: [], failures: [], skipped: [] },
    })
    expect(sums).toContainEqual({
      ...{ model: 'daily_upi_summary', days: 1, inserted: 0, updated: 1, deleted: 0, unchanged: 0 },
      seconds: expect.any(Number),
    })
  })

  test('keeps to its days; a full refresh is written down with who asked for it', async () => {
    expect(await on.run('--to', FIRST)).toMatchObject({ days_built: 1 })
    expect(await on.run('--from', THIRD, '--to', THIRD)).toMatchObject({ days_built: 1 })
    expect(await on.run()).toMatchObject({ days_built: 1 })
    const again = await on.run(
      '--full-refresh',
      '--select',
      'fact_*',
      '--from',
      SECOND,
      '--to',
      SECOND,
    )
    expect(again.models).toMatchObject([{ model: 'fact_upi_aggregates', days: 1, unchanged: 1 }])
    const { rows } = await sql`select actor, action, subject from ops.audit_log`.execute(on.admin)
    const subject = `fact_upi_aggregates ${SECOND} to ${SECOND}`
    expect(rows).toEqual([{ actor: 'asha', action: 'models full refresh', subject }])
  })

  test('a day that fails its checks exits 1, is named with its check, and holds up no other', async () => {
    await insertClean(on.admin, { txn_id: 'X', at: `${SECOND}T13:00:00+05:30`, latency_ms: -5 })
    const failed = await on.models('run')
    expect(failed).toMatchObject({ code: 1 })
    expect(failed.stdout).toMatch(
      /^failed 2026-02-02 daily_upi_summary: .*latency_ms: at least 0: 1 bad rows; first 1 kept/m,
    )
    expect(failed.stderr).toContain('fix: correct the rows or the model')
    expect(failed.stderr).toContain('2 days built, 1 failed')
    const again = await on.models('run', '--json')
    expect(again.code).toBe(1)
    const { failures } = JSON.parse(again.stdout)
    expect(failures).toMatchObject([{ model: 'daily_upi_summary', date: SECOND, bad_rows_kept: 1 }])
    expect((await on.models('plan')).stdout).toMatch(
      /build +2026-02-02 +1 +\w.*; refused last: .*latency_ms/,
    )
    await on.admin.deleteFrom('clean_upi_transactions').where('txn_id', '=', 'X').execute()
    expect(await on.run()).toMatchObject({ days_built: 1, failures: [] })
  })

  test('a day whose rows are in the lake is named and skipped', async () => {
    await on.archive(FIRST)
    const { code, stdout } = await on.models('run')
    expect(code).toBe(0)
    expect(stdout).toContain(`skipped ${FIRST}: archived`)
    expect(await on.run()).toMatchObject({
      days_built: 0,
      skipped: [{ date: FIRST, reason: 'archived' }],
    })
  })

  test('Ctrl-C cancels what waits or runs, keeps what is built, and leaves nothing half done', async () => {
    await on.admin.connection().execute(async (holder) => {
      for (const [subject, built] of [
        ['run', 0],
        [`day:${SECOND}`, 1],
      ] as const) {
        await sql`select pg_advisory_lock(hashtextextended(${`upi:${subject}`}, 0))`.execute(holder)
        const started = startCli(['models', 'run'], own.env)
        const days = () => on.admin.selectFrom('daily_upi_summary').select('date').execute()
        // Days are built side by side: the one that is free comes through while the other waits.
        await eventually(async () => (await on.waiting()) === 1 && (await days()).length === built)
        started.kill('SIGINT')
        const ended = await started.ended
        expect(ended).toMatchObject({ code: 130, stdout: '' })
        expect(ended.stderr).toContain('interrupted; what was built is built')
        await sql`select pg_advisory_unlock_all()`.execute(holder)
        expect(await on.waiting()).toBe(0)
        expect(await days()).toHaveLength(built)
      }
    })
    expect(await on.run()).toMatchObject({ days_built: 2 })
  })
})
