import type { ClientBase } from 'pg'
import { DECLINE_CODES } from '../core/decline-codes.ts'
import { afterRaces, OWNER_ROLE } from './roles.ts'

/** Brings the tables that copy reference data to what this version of the code says. Safe to repeat. */
export async function applyReferenceData(client: ClientBase): Promise<void> {
  const rows = Object.entries(DECLINE_CODES).flatMap(([code, meanings]) =>
    meanings.map((meaning) => ({ code, valid_from: meaning.since, ...meaning })),
  )
  await client.query(`set role ${OWNER_ROLE}`)
  await afterRaces(() => client.query(APPLY_DECLINE_CODES, [JSON.stringify(rows)]))
  await client.query('reset role')
}

const APPLY_DECLINE_CODES = `
  merge into ops.decline_codes as kept
  using (select code, valid_from, class, about from json_to_recordset($1::json)
    as given (code text, valid_from date, class text, about text) order by code, valid_from) as given
    on kept.code = given.code and kept.valid_from = given.valid_from
  when matched and (kept.class, kept.about) is distinct from (given.class, given.about)
    then update set class = given.class, about = given.about
  when not matched then insert values (given.code, given.valid_from, given.class, given.about)
  when not matched by source then delete`
