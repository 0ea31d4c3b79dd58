import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'
import { FIRST, found, NAMES, SECOND, useModels } from './models-command.ts'

const own = useStack('database')
const on = useModels(own)

describe('models test', () => {
  test('tries every check on what is there, and exits 1 with the one that fails', async () => {
    await on.run()
    const good = await on.tested()
    expect(good).toMatchObject({ code: 0, ok: true, pending: {}, archived: [], missing: [] })
    expect(new Set(good.checks.map(({ model }) => model))).toEqual(new Set(NAMES))
    expect(found(good, 'fact_upi_aggregates', 'money as in clean')).toMatchObject({
      ...{ kind: 'sums', rows: 3, bad: 0 },
    })
    const before = await on.written()
    await sql`update daily_upi_summary set total_amount = -1 where date = ${FIRST}`.execute(
      on.admin,
    )
    const bad = await on.tested()
    expect(bad).toMatchObject({ code: 1, ok: false })
    expect(found(bad, 'daily_upi_summary', 'total_amount: at least 0')).toMatchObject({
      rows: 3,
      bad: 1,
    })
    expect(found(bad, 'daily_upi_summary', 'agrees with fact_upi_aggregates')).toMatchObject({
      ...{ bad: 1, differ: [{ day: FIRST }] },
    })
    expect(await on.tested('--from', SECOND)).toMatchObject({ code: 0, ok: true })
    const { code, stdout, stderr } = await on.models('test')
    expect(code).toBe(1)
    expect(stdout).toMatch(/daily_upi_summary +total_amount: at least 0 +3 rows +1 /)
    expect(stderr).toMatch(/\d+ checks, \d failed/)
    expect(await on.written()).toEqual(before)
  })

  test('does not compare days that are dirty, nor clean with days that are archived', async () => {
    await on.run()
    await insertClean(on.admin, { txn_id: 'LATE' })
    await on.archive(SECOND)
    const result = await on.tested()
    expect(result).toMatchObject({ code: 0, ok: true, archived: [SECOND] })
    expect(result.pending.daily_upi_summary).toEqual([FIRST])
    expect(found(result, 'fact_upi_aggregates', 'money as in clean')).toMatchObject({ rows: 1 })
    expect(found(result, 'daily_upi_summary', 'agrees with fact_upi_aggregates')).toMatchObject({
      ...{ rows: 2, bad: 0 },
    })
    expect((await on.models('test')).stdout).toContain(`pending ${FIRST}`)
  })
})

describe('models docs', () => {
  test('writes a site with a page for each model, whose links are there, and of nobody', async () => {
    await on.run()
    const { code, stdout } = await on.models('docs')
    expect(code).toBe(0)
    const index = fileURLToPath(stdout.trim())
    const folder = dirname(index)
    expect(folder).toBe(join(own.env.UPI_HOME as string, 'docs'))
    const pages = [
      'index.html',
      ...readdirSync(join(folder, 'models')).map((name) => `models/${name}`),
    ]
    expect(pages).toEqual(expect.arrayContaining(NAMES.map((name) => `models/${name}.html`)))
    for (const page of pages) {
      const text = readFileSync(join(folder, page), 'utf8')
      expect(text).not.toMatch(/chaishop|asha\.k/)
      for (const [, target = ''] of text.matchAll(/(?:href|src)="([^"]*)"/g)) {
        expect(existsSync(join(folder, dirname(page), target)), `${page}: ${target}`).toBe(true)
      }
    }
    const daily = readFileSync(join(folder, 'models/daily_upi_summary.html'), 'utf8')
    expect(daily).toContain('title="2 Feb 2026 · built, provisional')
    expect(daily).toContain('up to date')
  })

  test('writes a site anew, and not over other files', async () => {
    const out = join(own.env.UPI_HOME as string, 'site')
    const first = JSON.parse((await on.models('docs', '--out', out, '--json')).stdout)
    expect(first).toMatchObject({ folder: out, pages: expect.arrayContaining(['index.html']) })
    writeFileSync(join(out, 'models/gone_model.html'), '')
    expect(await on.models('docs', '--out', out)).toMatchObject({ code: 0 })
    expect(existsSync(join(out, 'models/gone_model.html'))).toBe(false)
    const other = join(own.env.UPI_HOME as string, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'index.html'), 'mine')
    expect(await on.models('docs', '--out', other)).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('holds other files') },
    })
    expect(readFileSync(join(other, 'index.html'), 'utf8')).toBe('mine')
  })
})
