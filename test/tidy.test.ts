import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { referenceFiles } from '../cli/reference.ts'
import { ERRORS } from '../core/errors.ts'
import { CHECKOUT } from '../platform/config.ts'
import { brokenBorders } from './borders.ts'
import { checkStyle, checkTypes, lintText } from './check-code.ts'
import { filesOf, pathsOf, readText } from './repository.ts'

const FOLDERS =
  /^(activities|api|cli|core|docs|grafana|migrations|models|platform|streaming|test|web|workflows)$/
const CODE = filesOf('**/*.ts')
const TEXTS = [
  ...CODE,
  ...filesOf('**/*.{json,md,sh,sql,yml,yaml}'),
  ...filesOf('{.ci/run,upi,Dockerfile}'),
]
const COMMENT_COLUMNS_MAX = 125

describe('what other programs check', () => {
  test('the types are right', async () => expect(await checkTypes()).toBe(''))
  test('format, lint and the borders between folders hold', async () =>
    expect(await checkStyle()).toBe(''))
  test('a broken border is found, and the message says where the code belongs', async () => {
    const code =
      "import { loadConfig } from '../platform/config.ts'\n\nexport const C = loadConfig()\n"
    expect(await lintText('core/made-up.ts', code)).toContain('outside belongs in platform/')
    expect(await lintText('cli/made-up.ts', code)).toBe('')
    const asking =
      "import { discover } from '../warehouse/discover.ts'\n\nexport const D = discover\n"
    expect(await lintText('models/engine/made-up.ts', asking)).toContain('This folder is pure')
    expect(await lintText('models/warehouse/made-up.ts', asking)).toBe('')
  })
  test('a promise that nobody waits for is found', async () => {
    const code = 'export async function go() {}\n\ngo()\n'
    expect(await lintText('cli/made-up.ts', code)).toContain('noFloatingPromises')
  })
})

describe('borders', () => {
  test('the top level has the folders of the design and no others', () => {
    const names = readdirSync(CHECKOUT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^(\..*|node_modules|dist)$/.test(entry.name))
      .map(({ name }) => name)
    expect(names.filter((name) => !FOLDERS.test(name))).toEqual([])
  })

  test('pure folders use their few packages, and types pass where only types may', () => {
    expect(CODE.flatMap(brokenBorders)).toEqual([])
    const broken = [
      { path: 'core/made-up.ts', text: "import { readFileSync } from 'node:fs'\n" },
      { path: 'models/made-up.ts', text: "import type pg from 'pg'\n" },
      {
        path: 'workflows/made-up.ts',
        text: "import {\n  days,\n} from '../activities/index.ts'\n",
      },
      { path: 'streaming/processors/made-up.ts', text: "const pg = await import('pg')\n" },
    ]
    expect(broken.flatMap(brokenBorders)).toHaveLength(broken.length)
  })

  test('the environment is read in one file', () => {
    const readers = CODE.filter(({ text }) => /\bprocess\.env\b/.test(text))
    expect(readers.map(({ path }) => path)).toEqual(['platform/config.ts'])
  })
})

describe('text', () => {
  const offending = (pattern: RegExp, texts = TEXTS) =>
    texts.filter(({ text }) => pattern.test(text)).map(({ path }) => path)

  test('comments end in time; Biome sees to the code', () => {
    const isLong = (line: string) =>
      line.length > COMMENT_COLUMNS_MAX && /^\s*(\/\/|\/?\*)/.test(line)
    const long = CODE.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => (isLong(line) ? [`${path}:${index + 1}`] : [])),
    )
    expect(long).toEqual([])
  })

  test('nothing is left to be done, and no test is left out', () => {
    expect(offending(/\b(TO|FIX)(DO|ME)\b|@[A-Z]{4,}@/)).toEqual([])
    expect(offending(/\b(test|it|describe|suite)(\.\w+)*\.(skip|only|todo)\b/, CODE)).toEqual([])
  })

  test('no path of one machine, and no registry but the public one', () => {
    expect(offending(/(^|[\s'"`=(])\/(work|root|home|Users)\/\w/m)).toEqual([])
    expect(readText('package-lock.json')).not.toMatch(
      /"resolved": "(?!https:..registry\.npmjs\.org)/,
    )
  })

  test('names are in kebab case and say what is inside', () => {
    const names = CODE.map(({ path }) => path.replace(/^.*\//, '').replace(/(\.test)?\.ts$/, ''))
    const isGood = /^([a-z0-9]+(-[a-z0-9]+)*|\d{4}(_[a-z0-9]+)+|[a-z]+(_[a-z]+)+|vitest\.config)$/
    expect(names.filter((name) => !isGood.test(name))).toEqual([])
    expect(names.filter((name) => /^(utils?|helpers?|common|.*manager)$/.test(name))).toEqual([])
  })

  test('README fits on a screen or two', () => {
    expect(readText('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(70)
  })
})

describe('tables and lists', () => {
  test.each([
    ['streaming/pipeline.ts', 'streaming/processors/!(*.test|fixtures).ts'],
    ['models/index.ts', 'models/{staging,marts}/!(*.test).ts'],
    ['migrations/index.ts', 'migrations/[0-9]*.ts'],
    ['cli/commands.ts', 'cli/commands/!(*.test).ts'],
  ])('%s names every file of %s', (list, pattern) => {
    const text = readText(list)
    const folder = list.replace(/[^/]+$/, '')
    expect(
      pathsOf(pattern).filter((path) => !text.includes(`'./${path.slice(folder.length)}'`)),
    ).toEqual([])
  })

  test('workflows/index.ts names every workflow', () => {
    const workflows = filesOf('workflows/*.ts').filter(({ text }) =>
      /^export async function /m.test(text),
    )
    const text = readText('workflows/index.ts')
    expect(workflows.filter(({ path }) => !text.includes(path.replace('workflows', '.')))).toEqual(
      [],
    )
  })

  test('migrations are numbered without a gap', () => {
    const numbers = pathsOf('migrations/[0-9]*.ts').map((path) => Number(path.slice(11, 15)))
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })

  test('every error code is used', () => {
    const users = CODE.filter(({ path }) => path !== 'core/errors.ts' && !path.endsWith('.test.ts'))
    const text = users.map((file) => file.text).join('\n')
    expect(Object.keys(ERRORS).filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual(
      [],
    )
  })

  test('dependencies have an exact version and a reason in a decision', () => {
    const { dependencies, devDependencies } = JSON.parse(readText('package.json'))
    const versions = Object.entries<string>({ ...dependencies, ...devDependencies })
    const decisions = filesOf('docs/decisions/*.md')
      .map(({ text }) => text)
      .join('\n')
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
    expect(versions.filter(([name]) => !decisions.includes(`\`${name}\``))).toEqual([])
  })

  test('the generated pages are current; npm run docs makes them so', async () => {
    for (const [path, text] of Object.entries(await referenceFiles())) {
      expect(readText(path), path).toBe(text)
    }
  })
})
