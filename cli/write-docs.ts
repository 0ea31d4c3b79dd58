import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UpiError } from '../core/errors.ts'
import { makeSite } from '../models/docs-site/make-site.ts'
import { GENERATOR } from '../models/docs-site/page.ts'
import { ASSETS, renderSite } from '../models/docs-site/render-site.ts'
import type { Site } from '../models/docs-site/site-data.ts'
import { standingOf } from '../models/engine/standing.ts'
import { lookAround } from '../models/warehouse/discover.ts'
import { readHistory } from '../models/warehouse/read-history.ts'
import { readWarehouse } from '../models/warehouse/read-warehouse.ts'
import { note, print, printJson } from './output.ts'
import { type ModelOptions, type Opened, withModels } from './with-models.ts'

/** `./upi models docs` */
export async function writeDocs(options: ModelOptions & { readonly out?: string }): Promise<void> {
  await withModels(options, async (opened) => {
    const folder = resolve(options.out ?? join(opened.config.home, 'docs'))
    refuseOthers(folder)
    const pages = renderSite(await readSite(opened))
    writeSite(folder, pages)
    const url = pathToFileURL(join(folder, 'index.html')).href
    if (options.json === true) return printJson({ url, folder, pages: [...pages.keys()] })
    note(`${pages.size - 1} pages written; open it in a browser`)
    print(url)
  })
}

async function readSite({ db, graph }: Opened): Promise<Site> {
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const warehouse = await readWarehouse(trx, graph, await lookAround(trx))
      const history = { ...(await readHistory(trx, graph)), cleanDays: warehouse.days.size }
      const standing = standingOf(graph, warehouse)
      return makeSite(graph, history, { at: new Date(), standing })
    })
}

/** A folder that holds something else is not ours to write to. */
function refuseOthers(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return
  const index = join(folder, 'index.html')
  if (existsSync(index) && readFileSync(index, 'utf8').includes(`content="${GENERATOR}"`)) return
  throw new UpiError('OPTION_INVALID', `${folder} holds other files`, {
    fix: 'give an empty folder or a new one with --out',
  })
}

function writeSite(folder: string, pages: ReadonlyMap<string, string>): void {
  // Pages of models that are gone.
  rmSync(join(folder, 'models'), { recursive: true, force: true })
  for (const [path, text] of pages) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const assets = join(import.meta.dirname, '../models/docs-site')
  for (const name of ASSETS) copyFileSync(join(assets, name), join(folder, name))
}
