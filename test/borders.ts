import type { SourceFile } from './repository.ts'

/** What Biome's import rules cannot say: which packages a pure folder may use, and where only types may pass. */
const BORDERS: readonly Border[] = [
  { folder: 'core/', packages: [] },
  { folder: 'streaming/processors/', packages: ['ajv'] },
  { folder: 'models/', packages: ['kysely'] },
  {
    folder: 'workflows/',
    packages: ['@temporalio/workflow', '@temporalio/common'],
    typesOnly: /^\.\.\/activities\//,
  },
  { folder: 'platform/', typesOnly: /^(\.\.\/)+models\// },
  { folder: 'web/', typesOnly: /^(\.\.\/)+api\// },
]

interface Border {
  readonly folder: string
  /** All that may be imported from outside the repository; undefined: anything. */
  readonly packages?: readonly string[]
  readonly typesOnly?: RegExp
}

// Of Node itself: hashes and a look at bytes, which are pure.
const ALLOWED = new Set([
  'core/hmac-sha256.ts node:crypto',
  'models/engine/graph.ts node:crypto',
  'streaming/processors/decode-message.ts node:buffer',
])

const IMPORT = /^(?:import|export) (type )?(?:[^'"();]*? from )?'([^']+)'|\bimport\('([^']+)'\)/gm

/** The imports of a file that break a border, as sentences that say where the code should go. */
export function brokenBorders({ path, text }: SourceFile): string[] {
  if (path.endsWith('.test.ts')) return []
  const borders = BORDERS.filter(({ folder }) => path.startsWith(folder))
  const imports = [...text.matchAll(IMPORT)].map(([, type, from, called]) => ({
    isType: type !== undefined,
    from: from ?? called ?? '',
  }))
  return borders.flatMap((border) =>
    imports.flatMap(({ from, isType }) => {
      const fault = ALLOWED.has(`${path} ${from}`) ? undefined : faultOf(border, from, isType)
      return fault === undefined ? [] : [`${path} imports ${from}: ${fault}`]
    }),
  )
}

function faultOf(border: Border, from: string, isType: boolean): string | undefined {
  const { folder, packages, typesOnly } = border
  if (typesOnly?.test(from) && !isType)
    return `${folder} takes types only from there; use import type`
  if (packages === undefined || from.startsWith('.') || isAllowed(packages, from)) return undefined
  const allowed = packages.length === 0 ? 'no package' : `only ${packages.join(', ')}`
  return `${folder} is pure and uses ${allowed}; what touches the outside belongs in platform/`
}

function isAllowed(packages: readonly string[], from: string): boolean {
  return packages.some((name) => from === name || from.startsWith(`${name}/`))
}
