import { type Kysely, sql } from 'kysely'

/** Each Parquet file of the lake is known with its rows and hash, so that nothing is dropped that was not verified. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.lake_files (
    path text collate "C" primary key,
    source text collate "C" not null,
    day date not null,
    row_count bigint not null,
    byte_count bigint not null,
    sha256 bytea not null,
    content_hash text collate "C" not null,
    written_at timestamptz not null default now(),
    verified_at timestamptz,
    replaced_at timestamptz
  )`.execute(db)
  await sql`create index lake_files_day on ops.lake_files (source, day)`.execute(db)
  await sql`comment on table ops.lake_files is
    'Files of the lake; content_hash is that of the rows, which a restore must give again.'`.execute(
    db,
  )
}
