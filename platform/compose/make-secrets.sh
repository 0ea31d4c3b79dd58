#!/bin/sh
# Makes the containers' secrets: random, once, and kept. Each consumer mounts a volume of its own with what it needs
# and no more. Files are 0440 and belong to the group of the platform's image, which every consumer joins.
set -eu
cd "${1:-/secrets}"
umask 0227

# The originals live in admin/; what was made stays as it is.
original() {
  [ -s "admin/$1" ] || put "admin/$1" "$2"
}

# Renamed into its place, so that a stop in the middle leaves no half secret.
put() {
  rm -f "$1.new"
  printf '%s' "$2" >"$1.new"
  mv -f "$1.new" "$1"
}

random() {
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

database_url() {
  printf 'postgres://%s:%s@postgres:5432/upi' "$1" "$(cat "admin/$1")"
}

for folder in admin postgres registry temporal grafana stream worker; do
  chgrp "$(id -g)" "$folder"
  chmod 0750 "$folder"
done

for name in upi upi_ingest upi_transform upi_api upi_report upi_backup upi_registry temporal grafana grafana_key; do
  original "$name" "$(random)"
done
original pii_key "docker:$(random)"

for role in upi upi_ingest upi_transform upi_api upi_report upi_backup; do
  put "admin/${role}_url" "$(database_url "$role")"
done
put postgres/password "$(cat admin/upi)"
put registry/application.properties "apicurio.datasource.password=$(cat admin/upi_registry)"
put temporal/password "$(cat admin/temporal)"
put grafana/admin_password "$(cat admin/grafana)"
put grafana/secret_key "$(cat admin/grafana_key)"
put grafana/report_password "$(cat admin/upi_report)"
put stream/ingest_url "$(database_url upi_ingest)"
put stream/pii_key "$(cat admin/pii_key)"
put worker/transform_url "$(database_url upi_transform)"
put worker/ingest_url "$(database_url upi_ingest)"
put worker/backup_url "$(database_url upi_backup)"
put worker/pii_key "$(cat admin/pii_key)"
echo 'secrets are in place'
