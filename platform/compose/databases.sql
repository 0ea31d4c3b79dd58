-- Roles and databases of the servers that keep their state in our Postgres. Run by psql at every start, as the admin;
-- what is there already is left alone, passwords follow the secrets.
\set ON_ERROR_STOP on
-- The statements below hold passwords: neither a slow one nor a failing one may reach the server's log.
set log_min_duration_statement = -1;
set log_min_error_statement = panic;
set log_statement = none;
\set registry_password `cat /run/secrets/upi_registry`
\set temporal_password `cat /run/secrets/temporal`

select format('create role %I login', name)
from (values ('upi_registry'), ('temporal')) as wanted (name)
where not exists (select from pg_roles where rolname = name)
\gexec

alter role upi_registry password :'registry_password';
alter role temporal password :'temporal_password';

select format('create database %I owner %I', name, owner)
from (values
  ('upi_registry', 'upi_registry'),
  ('temporal', 'temporal'),
  ('temporal_visibility', 'temporal')
) as wanted (name, owner)
where not exists (select from pg_database where datname = name)
\gexec

revoke connect on database upi_registry, temporal, temporal_visibility from public;
-- There no role has the limits that it has in ours.
revoke connect, temporary on database postgres, template1 from public;
