#!/bin/sh
# Brings Temporal's two databases to the schema of this version; run at every start, what is there is left alone.
set -eu
SQL_PASSWORD=$(cat /run/secrets/password)
export SQL_PASSWORD

tool() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "$database" "$@"
}

versions=/etc/temporal/schema/postgresql/v12
tool temporal setup-schema -v 0.0
tool temporal update-schema -d "$versions/temporal/versioned"
tool temporal_visibility setup-schema -v 0.0
tool temporal_visibility update-schema -d "$versions/visibility/versioned"
echo 'schema is in place'
