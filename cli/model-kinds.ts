import { MODELS } from '../models/index.ts'

const KINDS = MODELS.map(({ name, kind }) => ({ name, kind }))

/** Models that are tables, which are built. */
export const BUILT_MODELS = KINDS.filter(({ kind }) => kind !== 'view').map(({ name }) => name)

/** Models whose marts have no days. */
export const UNDATED_MODELS = KINDS.filter(({ kind }) => kind !== 'view' && kind !== 'by day').map(
  ({ name }) => name,
)
