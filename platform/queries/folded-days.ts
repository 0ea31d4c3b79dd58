import type { Pool } from 'pg'
import type { FoldedDay, FoldedDays } from '../books/fold-books.ts'

/** The days that were folded, as the database keeps them. Each is written at once: a run that is begun again goes on. */
export function foldedDays(pool: Pool): FoldedDays {
  return {
    async find(days) {
      const { rows } = await pool.query<FoldedDay & { day: string }>(
        `select business_date::text as day, content, suspects from ops.folded_days
          where business_date = any ($1::date[])`,
        [days],
      )
      return new Map(rows.map(({ day, ...folded }) => [day, folded]))
    },
    async save(day, { content, suspects }) {
      await pool.query(
        `insert into ops.folded_days (business_date, content, suspects) values ($1, $2, $3)
         on conflict (business_date) do update set content = excluded.content,
           suspects = excluded.suspects, folded_at = clock_timestamp()`,
        [day, content, suspects],
      )
    },
  }
}
