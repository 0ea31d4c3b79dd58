#!/bin/sh
# Makes the namespace and the search attributes named on the command line, NAME=TYPE; what is there is left alone.
# Usage: temporal-namespace.sh NAMESPACE NAME=TYPE...
set -eu
namespace=$1
shift

# The port answers before the server does.
until temporal operator cluster health >/dev/null 2>&1; do sleep 1; done

temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1 \
  || temporal operator namespace create --namespace "$namespace" --retention 7d

# A new namespace is known to every part of the server only after a moment.
until known=$(temporal operator search-attribute list --namespace "$namespace" 2>/dev/null); do sleep 1; done

for attribute in "$@"; do
  name=${attribute%%=*}
  case $known in *"$name "*) continue ;; esac
  temporal operator search-attribute create --namespace "$namespace" --name "$name" --type "${attribute#*=}"
done
echo "namespace $namespace is ready"
