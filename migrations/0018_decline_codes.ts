import { type Kysely, sql } from 'kysely'

/** SQL can say what a response code means: a dated copy of the table that the stream cleans by. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.decline_codes (
    code text collate "C" not null,
    valid_from date not null,
    class text collate "C" check (class in ('TD', 'BD')),
    about text not null,
    primary key (code, valid_from)
  )`.execute(db)
  await sql`comment on table ops.decline_codes is
    'What each response code means from a day on; written by every migrate from core/decline-codes.ts.'`.execute(
    db,
  )
  await sql`create view ops.decline_meanings as
    select distinct on (code) code, class, about
    from ops.decline_codes
    where valid_from <= (now() at time zone 'Asia/Kolkata')::date
    order by code, valid_from desc`.execute(db)
  await sql`grant select on ops.decline_codes to upi_ingest, upi_transform, upi_api`.execute(db)
  await sql`grant select on ops.decline_meanings
    to upi_ingest, upi_transform, upi_api, upi_report`.execute(db)
}
