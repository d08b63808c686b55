#!/bin/sh
# Runs once, when PostgreSQL's image makes the vault's database: makes the vault's logins, each with a password of its own and
# the rights of one role (sql/roles.sql). The superuser is for this script, and for an operator.
set -eu

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv database POSTGRES_DB
\getenv setup_password VAULT_SETUP_PASSWORD
\getenv worker_password VAULT_WORKER_PASSWORD
\getenv reader_password VAULT_READER_PASSWORD
\getenv receiver_password VAULT_RECEIVER_PASSWORD

CREATE ROLE hosted_link_worker NOLOGIN;
CREATE ROLE hosted_link_reader NOLOGIN;
CREATE ROLE hosted_link_receiver NOLOGIN;

CREATE ROLE vault_setup LOGIN PASSWORD :'setup_password';
CREATE ROLE vault_worker LOGIN PASSWORD :'worker_password' IN ROLE hosted_link_worker;
CREATE ROLE vault_reader LOGIN PASSWORD :'reader_password' IN ROLE hosted_link_reader;
CREATE ROLE vault_receiver LOGIN PASSWORD :'receiver_password' IN ROLE hosted_link_receiver;

ALTER DATABASE :"database" OWNER TO vault_setup;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO vault_worker, vault_reader, vault_receiver;
SQL
