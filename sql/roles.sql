-- Who may do what in the vault: groups without a login. A login gets its rights by being in one of them:
--
--   CREATE ROLE my_worker LOGIN PASSWORD '...' IN ROLE hosted_link_worker;
--
-- The fourth role, of migrations, is the login that owns the schema: the one that `hosted-link setup` connects with.
--
-- `hosted-link setup` runs this file after the migrations, each time. A login that may not make roles can still run it once
-- they are there. By hand, as one who owns the schema: psql --single-transaction --file sql/roles.sql "$DATABASE_URL"

DO $roles$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['hosted_link_worker', 'hosted_link_reader', 'hosted_link_receiver'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      -- Roles belong to the whole server, and another database's setup was first.
      NULL;
    END;
  END LOOP;
END
$roles$;

-- What is not granted below is taken away, also when an earlier version granted it.
REVOKE ALL ON ALL TABLES IN SCHEMA hosted_link FROM hosted_link_worker, hosted_link_reader, hosted_link_receiver;
GRANT USAGE ON SCHEMA hosted_link TO hosted_link_worker, hosted_link_reader, hosted_link_receiver;
GRANT SELECT ON hosted_link.schema_migrations TO hosted_link_worker, hosted_link_reader, hosted_link_receiver;

-- Workers, and the commands that look: all rows, but for what is on record for good.
GRANT SELECT, INSERT, UPDATE
  ON hosted_link.sessions, hosted_link.results, hosted_link.items, hosted_link.callbacks, hosted_link.erased_users
  TO hosted_link_worker;
GRANT DELETE ON hosted_link.results, hosted_link.callbacks TO hosted_link_worker;
GRANT SELECT, INSERT ON hosted_link.vault_keys, hosted_link.codec_keys TO hosted_link_worker;
GRANT SELECT, INSERT (item_id, actor, purpose) ON hosted_link.access_audit TO hosted_link_worker;
GRANT SELECT, INSERT (kind, subject) ON hosted_link.repairs TO hosted_link_worker;

-- Applications that read access tokens: items, and an audit that they can write but neither read nor change.
GRANT SELECT ON hosted_link.items, hosted_link.vault_keys TO hosted_link_reader;
GRANT SELECT (key_id) ON hosted_link.sessions TO hosted_link_reader;
GRANT SELECT (key_id, accounts_key_id) ON hosted_link.results TO hosted_link_reader;
GRANT INSERT (item_id, actor, purpose) ON hosted_link.access_audit TO hosted_link_reader;

-- The receiver of webhooks: which session is behind a hash.
GRANT SELECT (session_key, plaid_flow, state, first_run_id, plaid_session_hash, traceparent, created_at, ended_at,
    purged_at)
  ON hosted_link.sessions TO hosted_link_receiver;
