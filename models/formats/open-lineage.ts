import { columnLineage, type Upstream } from '../engine/column-lineage.ts'
import { isModel, type Model, type Relation } from '../engine/define-model.ts'
import { oncePer, type Place, PROJECT, queryOf } from './places.ts'
import { isAbout, isAlwaysChecked, promisesOf } from './promises.ts'

/** An event of OpenLineage 2-0-2. */
export interface LineageEvent {
  readonly eventTime: string
  readonly producer: string
  readonly schemaURL: string
  readonly eventType?: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT'
  readonly run?: { readonly runId: string; readonly facets: Facets }
  readonly job: { readonly namespace: string; readonly name: string; readonly facets: Facets }
  readonly inputs: readonly Dataset[]
  readonly outputs: readonly Dataset[]
}

type Facets = Readonly<Record<string, object>>

interface Dataset {
  readonly namespace: string
  readonly name: string
  readonly facets: Facets
  readonly outputFacets?: Facets
}

/** What all events of one command share. */
export interface LineageContext {
  /** Of the jobs. */
  readonly namespace: string
  /** Of the datasets: postgres://host:port. */
  readonly datasets: string
  readonly place: Place
  /** Postgres's version. */
  readonly version: string
  /** The command's own run. */
  readonly runId: string
}

/** The build of a model, of one day or of all it has. */
export interface ModelBuild {
  readonly model: Model
  readonly date: string | null
  readonly runId: string
}

/** How a build ended; an aborted one was undone because another model failed, or the command stopped. */
export type Ending =
  | { readonly type: 'COMPLETE'; readonly rows: number }
  | { readonly type: 'FAIL'; readonly error: string }
  | { readonly type: 'ABORT' }

/** A build begins. */
export function startOf(build: ModelBuild, at: Date, context: LineageContext): LineageEvent {
  return { ...modelEvent(build, at, context), eventType: 'START' }
}

/** A build is over. */
export function endOf(
  build: ModelBuild,
  ending: Ending,
  at: Date,
  context: LineageContext,
): LineageEvent {
  const event = modelEvent(build, at, context)
  const facets = { ...event.run.facets, ...endFacets(build.model, ending) }
  const output = outputOf(build.model, context)
  const outputs =
    ending.type === 'COMPLETE'
      ? [{ ...output, outputFacets: statistics(ending.rows) }]
      : event.outputs
  return { ...event, eventType: ending.type, run: { ...event.run, facets }, outputs }
}

/** The command as the parent of its builds: begins, or is over. */
export function commandEvent(
  type: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT',
  at: Date,
  context: LineageContext,
): LineageEvent {
  const facets = { processing_engine: engineFacet(context) }
  return {
    ...header(at, 'RunEvent'),
    eventType: type,
    run: { runId: context.runId, facets },
    job: { ...commandJob(context), facets: { jobType: jobType('COMMAND') } },
    inputs: [],
    outputs: [],
  }
}

/** A view, which is never run: what it reads, as a fact about its job. */
export function viewEvent(view: Model, at: Date, context: LineageContext): LineageEvent {
  return {
    ...header(at, 'JobEvent'),
    job: jobOf(view, context),
    inputs: view.reads.map((read) => datasetOf(read, context)),
    outputs: [outputOf(view, context)],
  }
}

function modelEvent({ model, date, runId }: ModelBuild, at: Date, context: LineageContext) {
  const facets = {
    parent: facet('1-2-0/ParentRunFacet', {
      run: { runId: context.runId },
      job: commandJob(context),
    }),
    processing_engine: engineFacet(context),
    ...(date === null ? {} : { nominalTime: nominalTime(date) }),
  }
  return {
    ...header(at, 'RunEvent'),
    run: { runId, facets },
    job: jobOf(model, context),
    inputs: model.reads.map((read) => datasetOf(read, context)),
    outputs: [datasetOf(model, context)],
  }
}

function header(at: Date, type: 'RunEvent' | 'JobEvent') {
  return {
    eventTime: at.toISOString(),
    producer: PRODUCER,
    schemaURL: `https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/${type}`,
  }
}

const PRODUCER = 'urn:upi-data-platform:models'

function facet(spec: `${string}/${string}`, body: object): object {
  const name = spec.replace(/^.*\//, '')
  const _schemaURL = `https://openlineage.io/spec/facets/${spec}.json#/$defs/${name}`
  return { _producer: PRODUCER, _schemaURL, ...body }
}

function endFacets(model: Model, ending: Ending): Facets {
  const test = testFacet(model, ending)
  if (ending.type !== 'FAIL') return test
  const body = { message: ending.error, programmingLanguage: 'SQL' }
  return { ...test, errorMessage: facet('1-0-1/ErrorMessageRunFacet', body) }
}

// Checks run inside the build: all have passed if it stands, and a refusal names the one that did not.
function testFacet(model: Model, ending: Ending): Facets {
  if (ending.type === 'ABORT') return {}
  const error = ending.type === 'FAIL' ? ending.error : undefined
  const tests = promisesOf(model)
    .filter((promise) => isAlwaysChecked(promise) || isAbout(promise, error ?? ''))
    .map((promise) => ({
      name: promise.check,
      type: promise.type,
      status: error === undefined ? 'pass' : isAbout(promise, error) ? 'fail' : 'skip',
      severity: 'error',
      content: promise.sql,
      contentType: 'sql',
    }))
  return { test: facet('1-0-1/TestRunFacet', { tests }) }
}

function statistics(rowCount: number): Facets {
  return { outputStatistics: facet('1-0-2/OutputStatisticsOutputDatasetFacet', { rowCount }) }
}

function engineFacet({ version }: LineageContext): object {
  return facet('1-1-1/ProcessingEngineRunFacet', { name: 'postgres', version })
}

// A business date is a day of India's, whose clocks never change.
function nominalTime(date: string): object {
  const begins = new Date(`${date}T00:00:00+05:30`)
  const ends = new Date(begins.getTime() + 86_400_000)
  return facet('1-0-1/NominalTimeRunFacet', {
    nominalStartTime: begins.toISOString(),
    nominalEndTime: ends.toISOString(),
  })
}

function commandJob({ namespace }: LineageContext) {
  return { namespace, name: `${PROJECT}.models_run` }
}

function jobOf(model: Model, { namespace }: LineageContext) {
  return {
    namespace,
    name: `${PROJECT}.${model.name}`,
    facets: {
      jobType: jobType('MODEL'),
      documentation: facet('1-1-0/DocumentationJobFacet', { description: model.about }),
      sql: facet('1-1-0/SQLJobFacet', { query: queryOf(model), dialect: 'postgres' }),
    },
  }
}

function jobType(type: 'MODEL' | 'COMMAND'): object {
  const body = { processingType: 'BATCH', integration: 'UPI', jobType: type }
  return facet('2-0-4/JobTypeJobFacet', body)
}

function outputOf(model: Model, context: LineageContext): Dataset {
  const dataset = datasetOf(model, context)
  return { ...dataset, facets: { ...dataset.facets, columnLineage: lineageFacet(model, context) } }
}

function datasetOf(relation: Relation, { datasets, place }: LineageContext): Dataset {
  const name = `${place.database}.${place.schema}.${relation.name}`
  return {
    namespace: datasets,
    name,
    facets: isModel(relation) ? { schema: schemaFacet(relation) } : {},
  }
}

function schemaFacet({ columns }: Model): object {
  const fields = Object.entries(columns).map(([name, { type, about }], i) => ({
    name,
    type,
    description: about,
    ordinal_position: i + 1,
  }))
  return facet('1-2-0/SchemaDatasetFacet', { fields })
}

const lineageOf = oncePer(columnLineage)

function lineageFacet(model: Model, context: LineageContext): object {
  const { columns, rows } = lineageOf(model)
  const fields = Object.entries(columns).map(([name, upstream]) => [
    name,
    { inputFields: inputFields(upstream, context) },
  ])
  return facet('1-2-0/ColumnLineageDatasetFacet', {
    fields: Object.fromEntries(fields),
    dataset: inputFields(rows, context),
  })
}

// One entry an input column, with all that it is used for.
function inputFields(upstream: readonly Upstream[], { datasets, place }: LineageContext) {
  const byColumn = Map.groupBy(upstream, ({ relation, column }) => `${relation}.${column}`)
  return [...byColumn.values()].flatMap((uses) => {
    const [first] = uses
    if (first === undefined) return []
    const name = `${place.database}.${place.schema}.${first.relation}`
    const transformations = uses.map(({ type, subtype }) => ({ type, subtype }))
    return [{ namespace: datasets, name, field: first.column, transformations }]
  })
}
