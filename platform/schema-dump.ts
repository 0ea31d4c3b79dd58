import { join } from 'node:path'
import pg from 'pg'
import { migrateUp } from './migrate.ts'

/** Where the reviewed dump lies. */
export const SCHEMA_FILE = join(import.meta.dirname, '..', 'migrations', 'schema.sql')

/**
 * The schema that the migrations make, as text: what schema.sql must hold. They run in a scratch database of the
 * server, so that what others have made in the database at hand is not in it.
 */
export async function dumpMigrations(connectionString: string): Promise<string> {
  const name = `upi_schema_${process.pid}_${Date.now()}`
  const scratch = Object.assign(new URL(connectionString), { pathname: `/${name}` }).href
  return await withClient(connectionString, async (admin) => {
    try {
      await admin.query(`create database ${name} template template0`)
      await migrateUp({ connectionString: scratch })
      return await withClient(scratch, readSchema)
    } finally {
      await admin.query(`drop database if exists ${name} with (force)`)
    }
  })
}

/** Sorted, without the partitions of days, and with every name's schema: the same text for the same schema. */
async function readSchema(client: pg.ClientBase): Promise<string> {
  await client.query(`set search_path = ''`)
  const parts: string[] = [HEADER]
  for (const query of [SCHEMAS, RELATIONS, FUNCTIONS, DEFAULTS, OWNERS, GRANTS]) {
    const { rows } = await client.query<{ text: string }>(query)
    parts.push(...rows.map(({ text }) => text.trimEnd()))
  }
  return `${parts.join('\n\n')}\n`
}

async function withClient<T>(
  connectionString: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const HEADER = `-- What all migrations together make, for review. Written by ./upi migrate dump; a test fails when it is not current.
-- Objects belong to upi_admin unless a line says otherwise.`

const OURS = `('public', 'ops', 'partitions')`

const SCHEMAS = `
select 'create schema ' || quote_ident(nspname) || ';' as text
from pg_namespace where nspname in ${OURS} and nspname <> 'public'
order by nspname collate "C"`

// The migrator's own tables are not of our making.
const OUR_RELATIONS = `
select c.oid, c.relname, c.relkind, c.reloptions, c.relacl, c.relowner,
  format('%I.%I', n.nspname, c.relname) as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ${OURS} and not c.relispartition and c.relkind in ('r', 'p', 'v')
  and c.relname not in ('migrations', 'migration_lock')`

const COLUMNS = `
select attrelid, string_agg('  ' || line, e',\\n' order by attnum) as text
from (
  select a.attrelid, a.attnum, quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
    || case when a.attcollation <> t.typcollation
         then ' collate ' || (select quote_ident(collname) from pg_collation where oid = a.attcollation)
         else '' end
    || case when a.attidentity = 'a' then ' generated always as identity' else '' end
    || case when a.attnotnull then ' not null' else '' end
    || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') as line
  from pg_attribute a join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped
  union all
  -- In PostgreSQL 18 NOT NULL is a constraint too; it stands with its column.
  select conrelid, 1000 + row_number() over (order by contype <> 'p', contype, conname),
    'constraint ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid)
  from pg_constraint where contype <> 'n'
) as lines
group by attrelid`

const RELATIONS = `
with relations as (${OUR_RELATIONS}), columns as (${COLUMNS})
select case r.relkind
    when 'v' then 'create view ' || r.name || ' as' || e'\\n' || pg_get_viewdef(r.oid, true)
    else 'create table ' || r.name || e' (\\n' || columns.text || e'\\n)'
      || coalesce(' partition by ' || pg_get_partkeydef(r.oid), '')
      || coalesce(' with (' || array_to_string(r.reloptions, ', ') || ')', '') || ';'
  end
  || coalesce((
    select string_agg(e'\\n' || pg_get_indexdef(i.indexrelid) || ';', '' order by i.indexrelid::regclass::text collate "C")
    from pg_index i left join pg_constraint k on k.conindid = i.indexrelid
    where i.indrelid = r.oid and k.oid is null), '')
  || coalesce(e'\\ncomment on ' || case r.relkind when 'v' then 'view ' else 'table ' end || r.name
    || ' is ' || quote_literal(obj_description(r.oid, 'pg_class')) || ';', '') as text
from relations r left join columns on columns.attrelid = r.oid
order by r.name collate "C"`

const FUNCTIONS = `
select pg_get_functiondef(p.oid) || ';' || coalesce(e'\\ncomment on function ' || p.oid::regprocedure
  || ' is ' || quote_literal(obj_description(p.oid, 'pg_proc')) || ';', '') as text
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname in ${OURS}
order by p.oid::regprocedure::text collate "C"`

const DEFAULTS = `
select 'alter default privileges for role ' || defaclrole::regrole || ' revoke execute on functions from public;' as text
from pg_default_acl
where defaclobjtype = 'f' and defaclnamespace = 0
  and not exists (select from aclexplode(defaclacl) where grantee = 0)`

const OWNERS = `
select string_agg(format('alter %s %s owner to %s;', case relkind when 'v' then 'view' else 'table' end,
  name, relowner::regrole), e'\\n' order by name collate "C") as text
from (${OUR_RELATIONS}) as relations
where relowner <> 'upi_admin'::regrole
having count(*) > 0`

const GRANTS = `
with relations as (${OUR_RELATIONS}),
granted as (
  select name as object, relowner as owner, acl.grantee, lower(acl.privilege_type) as privilege
  from relations, aclexplode(relacl) as acl
  union all
  select name, relowner, acl.grantee,
    lower(acl.privilege_type) || ' (' || string_agg(quote_ident(attname), ', ' order by attnum) || ')'
  from relations join pg_attribute on attrelid = relations.oid, aclexplode(attacl) as acl
  group by name, relowner, acl.grantee, acl.privilege_type
  union all
  select 'schema ' || quote_ident(nspname), nspowner, acl.grantee, lower(acl.privilege_type)
  from pg_namespace, aclexplode(nspacl) as acl where nspname in ${OURS}
  union all
  select 'function ' || p.oid::regprocedure, proowner, acl.grantee, lower(acl.privilege_type)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace,
    aclexplode(coalesce(proacl, acldefault('f', proowner))) as acl
  where n.nspname in ${OURS}
)
select string_agg(format('grant %s on %s to %s;', privileges, object, grantee), e'\\n'
  order by grantee collate "C", object collate "C", privileges collate "C") as text
from (
  select object, case grantee when 0 then 'public' else grantee::regrole::text end as grantee,
    string_agg(privilege, ', ' order by privilege) as privileges
  from granted where grantee <> owner
  group by object, grantee
) as lines`
