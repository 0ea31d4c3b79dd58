import { UpiError } from '../../core/errors.ts'
import type { Model } from './define-model.ts'

/** What the engine keeps in a mart that others follow: the transaction that wrote a row last. */
export const CHANGED_XID = 'changed_xid'

/** The tables of the database that bear a model's name. */
export type Tables = ReadonlyMap<string, Table>

export interface Table {
  /** Of the contract by which it was made last; '' for a table that migrations made. */
  readonly shape: string
  readonly columns: ReadonlyMap<string, string>
  /** The columns that are NOT NULL. */
  readonly required: ReadonlySet<string>
  readonly key: readonly string[]
}

/** The columns that a contract has and a table has not. */
export function missingColumns(model: Model, table: Table): string[] {
  return Object.keys(model.columns).filter((name) => !table.columns.has(name))
}

/** The columns that may be null by the contract, and may not in the table. */
export function loosenedColumns(model: Model, table: Table): string[] {
  return Object.entries(model.columns).flatMap(([name, { nullable }]) =>
    nullable && table.required.has(name) ? [name] : [],
  )
}

/** Refuses a table that cannot become what the contract says without losing figures. */
export function tableFault(model: Model, table: Table): void {
  const wrong = Object.entries(model.columns).find(([name, { type }]) => {
    const actual = table.columns.get(name)
    return actual !== undefined && actual !== spelled(type)
  })
  if (wrong !== undefined) {
    const [name, { type }] = wrong
    refuse(model, `column ${name} is ${table.columns.get(name)} there, and ${type} in the contract`)
  }
  const gone = [...table.columns.keys()].find(
    (name) => model.columns[name] === undefined && name !== CHANGED_XID,
  )
  if (gone !== undefined) refuse(model, `column ${gone} is there, and not in the contract`)
  if ([...table.key].toSorted().join() !== [...model.grain].toSorted().join()) {
    refuse(
      model,
      `its key is (${table.key.join(', ')}) there, and (${model.grain.join(', ')}) in the contract`,
    )
  }
}

/** Refuses a query whose columns are not of the types that its contract says. */
export function queryFault(model: Model, actual: ReadonlyMap<string, string>): void {
  const names = [...actual.keys()].toSorted().join(', ')
  if (names !== Object.keys(model.columns).toSorted().join(', ')) {
    throw new UpiError('MODELS_INVALID', `model ${model.name} gives the columns ${names}`)
  }
  for (const [name, { type }] of Object.entries(model.columns)) {
    if (actual.get(name) === spelled(type)) continue
    throw new UpiError(
      'MODELS_INVALID',
      `column ${name} of ${model.name} is ${actual.get(name)} by its query, and ${type} in the contract`,
      { fix: `cast it in the query: ::${type}` },
    )
  }
}

function refuse(model: Model, what: string): never {
  throw new UpiError('MODELS_INVALID', `table ${model.name}: ${what}`, {
    fix: 'change the table in a migration: what it holds of archived days cannot be built again',
  })
}

/** A type as Postgres spells it. */
function spelled(type: string): string {
  return type === 'timestamptz' ? 'timestamp with time zone' : type
}
