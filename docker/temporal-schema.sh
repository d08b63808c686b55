#!/bin/sh
# Makes Temporal's two databases and brings their schemas up to date; may run again at any time. It needs temporal-sql-tool, which has
# the schemas in it, and finds the server by SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD.
set -eu

export SQL_PLUGIN=postgres12

prepare() {
  database=$1
  schema=$2
  export SQL_DATABASE="$database"
  temporal-sql-tool create-database
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-name "postgresql/v12/$schema"
}

prepare temporal temporal
prepare temporal_visibility visibility
