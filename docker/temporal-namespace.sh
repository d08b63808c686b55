#!/bin/sh
# Makes the namespace TEMPORAL_NAMESPACE with the retention NAMESPACE_RETENTION, unless it is there, and waits until it may be used. It
# needs the Temporal CLI, which finds the server by TEMPORAL_ADDRESS.
set -eu

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  echo "the namespace $TEMPORAL_NAMESPACE is there"
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$NAMESPACE_RETENTION"
fi

# The server looks for new namespaces every 10 s.
tries=30
until temporal workflow list --namespace "$TEMPORAL_NAMESPACE" --limit 1 >/dev/null 2>&1; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "the namespace $TEMPORAL_NAMESPACE cannot be used yet; is the server well?" >&2
    exit 1
  fi
  sleep 1
done
