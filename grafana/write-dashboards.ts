import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKOUT } from '../platform/config.ts'
import { BOARDS } from './boards/index.ts'
import { dashboardJson } from './builder/dashboard.ts'

/** The files that Grafana is given, by path. */
export function dashboardFiles(): Record<string, string> {
  return Object.fromEntries(
    BOARDS.map((board) => [
      `grafana/dashboards/${board.uid}.json`,
      `${JSON.stringify(dashboardJson(board), null, 2)}\n`,
    ]),
  )
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(dashboardFiles())) {
    writeFileSync(join(CHECKOUT, path), text)
  }
}
