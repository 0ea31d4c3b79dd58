import { type Ask, askOne, by, type FactReader } from './fact-reader.ts'

/** What the models have to build and how long it has waited; of models that this version does not know, nothing. */
export function modelFacts(ask: Ask, models: readonly string[]): FactReader {
  return {
    fact: 'models',
    async read() {
      const rows = await ask<ModelRow>(MODELS, [models])
      const { seconds } = await askOne<{ seconds: number }>(ask, DISCOVERY)
      const name = ({ model }: ModelRow) => model
      return {
        upi_models_marks: by(rows, 'model', name, ({ marks }) => marks),
        upi_models_oldest_mark_age_seconds: by(rows, 'model', name, ({ oldest }) => oldest),
        upi_model_build_age_seconds: by(rows, 'model', name, ({ built }) => built),
        upi_models_discovery_age_seconds: [[seconds]],
      }
    },
  }
}

interface ModelRow {
  readonly model: string
  readonly marks: number
  readonly oldest: number
  readonly built: number | null
}

const MODELS = `
  select known.model, coalesce(marks, 0)::integer as marks,
    coalesce(extract(epoch from clock_timestamp() - oldest), 0)::double precision as oldest,
    extract(epoch from clock_timestamp() - built_at)::double precision as built
  from unnest($1::text[]) as known (model)
  left join (select model, count(*) as marks, min(marked_at) as oldest from ops.dirty_keys group by model)
    as marked on marked.model = known.model
  left join (select model, max(built_at) as built_at from ops.model_days where state = 'built' group by model)
    as built on built.model = known.model`

// Before the first look there is no snapshot: then since the topic was first read.
const DISCOVERY = `
  with looked as (
    select max(discovered_at) as at from ops.discovery where source = 'clean_upi_transactions'
  )
  select case when exists (
      select from ops.stream_offsets where updated_at > coalesce(looked.at, '-infinity')
    ) then extract(epoch from clock_timestamp() - coalesce(
      looked.at, (select min(adopted_at) from ops.stream_epochs)
    ))::double precision else 0 end as seconds
  from looked`
