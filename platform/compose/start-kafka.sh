#!/bin/bash
# Gives each new log a cluster id of its own, kept beside it: the image's default id is the same for everybody, and the
# stream knows a re-created cluster by its id.
set -eu
id=/var/lib/kafka/data/cluster-id
if [ ! -s "$id" ]; then
  /opt/kafka/bin/kafka-storage.sh random-uuid | tail -n 1 >"$id.new"
  mv "$id.new" "$id"
fi
CLUSTER_ID=$(cat "$id")
export CLUSTER_ID
exec /etc/kafka/docker/run
