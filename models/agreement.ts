import { sql } from 'kysely'
import type { PromisedCheck, Relation } from './engine/define-model.ts'

/**
 * Promises that sums over this mart are those over another, column by column; `ours: theirs`. Where this one counts
 * each payment several times, it says how many `times`.
 */
export function agrees<Ours extends string, Row>(
  mart: Relation<Row>,
  columns: Readonly<Record<Ours, keyof Row & string>>,
  { times = 1 }: { readonly times?: number } = {},
): PromisedCheck<Record<Ours, unknown>> {
  const pairs = Object.entries<string>(columns)
  return {
    name: `agrees with ${mart.name}`,
    columns: pairs.map(([ours]) => ours as Ours),
    totals: (db, ref) =>
      db
        .selectFrom(ref(mart, 'm'))
        .select(
          pairs.map(([ours, theirs]) =>
            sql`sum(${sql.ref(`m.${theirs}`)}) * ${sql.lit(times)}`.as(ours),
          ),
        ),
  }
}
