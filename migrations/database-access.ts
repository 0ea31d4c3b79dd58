import type { ClientBase } from 'pg'
import { afterRaces, LOGIN_ROLES, type LoginRole, OWNER_ROLE } from './roles.ts'

/** What a role's sessions start with. A session may set otherwise; what must not happen is not granted at all. */
export const ROLE_SETTINGS: Readonly<Record<LoginRole, Readonly<Record<string, string>>>> = {
  // A worker that hangs inside a batch must not hold the partition's offset for ever, nor wait for ever for it.
  upi_ingest: { lock_timeout: '10s', idle_in_transaction_session_timeout: '5s', jit: 'off' },
  // A day is a few hundred thousand rows: worth a second process, which the planner's defaults begin with later. To
  // count different keys, sorting the keys alone takes three quarters of the time of sorting the rows by them.
  // The statement of a process that was killed, or whose machine is gone, ends with it, and so do its locks. Not
  // looked at more often: each look has Postgres log again who waits for a lock.
  upi_transform: {
    lock_timeout: '30s',
    idle_in_transaction_session_timeout: '60s',
    jit: 'off',
    work_mem: '32MB',
    parallel_setup_cost: '100',
    parallel_tuple_cost: '0.01',
    enable_presorted_aggregate: 'off',
    client_connection_check_interval: '10s',
    tcp_keepalives_idle: '30',
    tcp_keepalives_interval: '10',
    tcp_keepalives_count: '3',
  },
  // Compiling a plan over a hundred partitions costs more than running it.
  upi_api: {
    statement_timeout: '10s',
    lock_timeout: '2s',
    idle_in_transaction_session_timeout: '10s',
    jit: 'off',
  },
  // A viewer's question takes milliseconds. What takes seconds is a mistake, and it works alone, in one process, rather
  // than take processors from the stream. A transaction of many statements holds back vacuum as one of a long one does.
  upi_report: {
    default_transaction_read_only: 'on',
    statement_timeout: '5s',
    transaction_timeout: '10s',
    lock_timeout: '1s',
    idle_in_transaction_session_timeout: '5s',
    max_parallel_workers_per_gather: '0',
    work_mem: '8MB',
    jit: 'off',
  },
  // Reads no table: what it may is to ask for a base backup, which takes as long as it takes.
  upi_backup: { default_transaction_read_only: 'on', statement_timeout: '0', lock_timeout: '2s' },
}

/** What only a superuser may set, and so no session of the role may set otherwise. */
export const SUPERUSER_SETTINGS: typeof ROLE_SETTINGS = {
  upi_ingest: {},
  upi_transform: {},
  upi_api: {},
  // Each session may fill so much disk, whatever it sorts.
  upi_report: { temp_file_limit: '128MB' },
  upi_backup: {},
}

// Grafana's pool has five; with those of another Grafana or of people, dashboards still leave most of the server's 100.
const REPORT_CONNECTIONS_MAX = 20

/**
 * Grants what belongs to the database itself and is therefore lost when it is cloned from a template: who may
 * connect, make temporary tables and take advisory locks, and the settings of each role. Safe to repeat.
 * Returns what this user may not do on this server, as sentences.
 */
export async function applyDatabaseAccess(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string; superuser: boolean }>(
    `select current_database() as name, rolsuper as superuser
       from pg_roles where rolname = current_user`,
  )
  const { name = '', superuser = false } = rows[0] ?? {}
  const database = client.escapeIdentifier(name)
  await afterRaces(() => client.query(databaseGrants(database)))
  await applyRoleSettings(client, database, ROLE_SETTINGS)
  await dropOwnDefaults(client, database)
  await limitReports(client)
  const sentences = [...(await allowBackups(client)), ...(await allowStatistics(client))]
  if (!superuser) {
    return [
      ...sentences,
      'PUBLIC keeps advisory locks, large objects and messages in the log: only a superuser may take them away',
      'upi_report may fill the disk with temporary files: only a superuser may set temp_file_limit',
    ]
  }
  await applyRoleSettings(client, database, SUPERUSER_SETTINGS)
  await afterRaces(() => client.query(RESTRICT_FUNCTIONS))
  return sentences
}

const FORBIDDEN = '42501'

// Whoever may ask for a base backup has REPLICATION; only a superuser, or who has it too, may give it.
async function allowBackups(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ may: boolean }>(
    `select rolreplication as may from pg_roles where rolname = 'upi_backup'`,
  )
  if (rows[0]?.may === true) return []
  try {
    await afterRaces(() => client.query('alter role upi_backup replication'))
    return []
  } catch (fault) {
    if ((fault as { code?: string }).code !== FORBIDDEN) throw fault
    return ['upi_backup may not take backups: only a superuser may give it REPLICATION']
  }
}

// What sessions of other roles do is shown to whoever has this; ops.count_sessions() passes on counts and ages of it.
async function allowStatistics(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ may: boolean }>(
    `select pg_has_role('${OWNER_ROLE}', 'pg_read_all_stats', 'member') as may`,
  )
  if (rows[0]?.may === true) return []
  try {
    await afterRaces(() => client.query(`grant pg_read_all_stats to ${OWNER_ROLE}`))
    return []
  } catch (fault) {
    if ((fault as { code?: string }).code !== FORBIDDEN) throw fault
    return ['long statements are not told: only who has pg_read_all_stats may give it to upi_admin']
  }
}

// The models' views, and the tables of models yet to come, belong to the role that builds them.
function databaseGrants(database: string): string {
  return `
    revoke connect, temporary on database ${database} from public;
    grant connect on database ${database} to ${LOGIN_ROLES.join(', ')};
    grant create, temporary on database ${database} to ${OWNER_ROLE};
    grant temporary on database ${database} to upi_ingest, upi_transform;
    revoke create on schema public from public;
    grant usage, create on schema public to ${OWNER_ROLE}, upi_transform`
}

// Another limit that somebody has set stays. The owner sees sessions of the role, to end those that last too long.
async function limitReports(client: ClientBase): Promise<void> {
  await afterRaces(async () => {
    const { rows } = await client.query<{ unlimited: boolean; seen: boolean }>(
      `select rolconnlimit = -1 as unlimited, pg_has_role('${OWNER_ROLE}', oid, 'usage') as seen
         from pg_roles where rolname = 'upi_report'`,
    )
    const { unlimited, seen } = rows[0] ?? {}
    if (unlimited === true)
      await client.query(`alter role upi_report connection limit ${REPORT_CONNECTIONS_MAX}`)
    if (seen === false)
      await client.query(`grant upi_report to ${OWNER_ROLE} with inherit true, set false`)
  })
}

// A role may change its own defaults, and so may a viewer through Grafana: one more would break dashboards for good.
async function dropOwnDefaults(client: ClientBase, database: string): Promise<void> {
  const { rows } = await client.query<{ scope: string; setting: string }>(
    `select case setdatabase when 0 then '' else 'in database ' || $1 end as scope,
       split_part(unnest(setconfig), '=', 1) as setting
       from pg_db_role_setting join pg_roles as r on r.oid = setrole
      where rolname = 'upi_report'
        and setdatabase in (0, (select oid from pg_database where datname = current_database()))`,
    [database],
  )
  const ours = { ...ROLE_SETTINGS.upi_report, ...SUPERUSER_SETTINGS.upi_report }
  for (const { scope, setting } of rows) {
    if (scope !== '' && setting in ours) continue
    await afterRaces(() =>
      client.query(`alter role upi_report ${scope} reset ${client.escapeIdentifier(setting)}`),
    )
  }
}

async function applyRoleSettings(
  client: ClientBase,
  database: string,
  settings: typeof ROLE_SETTINGS,
): Promise<void> {
  const { rows } = await client.query<{ role: string; setting: string }>(
    `select setrole::regrole::text as role, unnest(setconfig) as setting
       from pg_db_role_setting
      where setdatabase = (select oid from pg_database where datname = current_database())
        and setrole <> 0`,
  )
  const inPlace = new Set(rows.map(({ role, setting }) => `${role} ${setting}`))
  for (const role of LOGIN_ROLES) {
    for (const [setting, value] of Object.entries(settings[role])) {
      if (inPlace.has(`${role} ${setting}=${value}`)) continue
      const change = `alter role ${role} in database ${database} set ${setting} = '${value}'`
      await afterRaces(() => client.query(change))
    }
  }
}

// Any role may take any advisory lock, and so stop the models, and may write large objects, or messages of any length
// into the log of a read-only transaction, unless PUBLIC may not.
const RESTRICT_FUNCTIONS = `do $$
declare
  f regprocedure;
begin
  for f in
    select oid::regprocedure from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace
      and (proname ~ '^pg_(try_)?advisory_'
        or proname in ('lo_create', 'lo_creat', 'lo_from_bytea', 'lo_put', 'lowrite', 'lo_open',
          'pg_logical_emit_message'))
      and has_function_privilege('public', oid, 'execute')
  loop
    execute format('revoke execute on function %s from public', f);
    if f::text ~ 'advisory' then
      execute format('grant execute on function %s to ${OWNER_ROLE}, upi_ingest, upi_transform', f);
    end if;
  end loop;
end $$`
