import { rowChecks } from '../models/engine/audit.ts'
import { downstreamOf } from '../models/engine/graph.ts'
import { type ModelStanding, readStanding } from '../models/warehouse/read-standing.ts'
import { printJson, printTable } from './output.ts'
import { type ModelOptions, withModels } from './with-models.ts'

/** `./upi models list` */
export async function listModels(options: ModelOptions): Promise<void> {
  await withModels(options, async ({ db, graph, models }) => {
    const standings = await readStanding(db)
    const rows = models.map((model) => ({
      name: model.name,
      kind: model.kind,
      about: model.about,
      tags: model.tags,
      grain: model.grain,
      reads: model.reads.map(({ name }) => name),
      read_by: downstreamOf(graph, [model], 1).map(({ name }) => name),
      columns: Object.keys(model.columns).length,
      // One more for the key.
      checks: rowChecks(model).length + model.checks.filter((one) => !('holds' in one)).length + 1,
      ...forMachines(standings.get(model.name)),
    }))
    if (options.json === true) return printJson(rows)
    printTable(rows, [
      { title: 'model', value: ({ name }) => name, style: () => 'bold' },
      { title: 'kind', value: ({ kind }) => kind },
      { title: 'tags', value: ({ tags }) => tags.join(', ') },
      { title: 'key', value: ({ grain }) => grain.join(', ') },
      { title: 'reads', value: ({ reads }) => reads.join(', ') },
      { title: 'checks', value: ({ checks }) => checks, align: 'right' },
      { title: 'days', value: (row) => row.days_built || '', align: 'right' },
      {
        title: 'failed',
        value: (row) => row.days_failed || '',
        align: 'right',
        style: () => 'red',
      },
      { title: 'last run', value: (row) => row.last_run?.toISOString().slice(0, 16).concat('Z') },
    ])
  })
}

function forMachines(standing: ModelStanding | undefined) {
  return {
    days_built: standing?.daysBuilt ?? 0,
    days_failed: standing?.daysFailed ?? 0,
    last_run: standing?.lastRun ?? null,
  }
}
