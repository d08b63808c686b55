-- The link api hosted_link, whose items they are, what tells a duplicate, and update mode.

ALTER TABLE hosted_link.sessions
  DROP CONSTRAINT sessions_plaid_flow_check,
  ADD CONSTRAINT sessions_plaid_flow_check CHECK (plaid_flow IN ('link_delivery', 'hosted_link')),
  -- First 128 bits of the SHA-256 of the caller's user id.
  ADD COLUMN user_hash text CHECK (user_hash ~ '^[0-9a-f]{32}$');
CREATE INDEX sessions_user_hash ON hosted_link.sessions (user_hash) WHERE user_hash IS NOT NULL;

-- The accounts that a person chose, as JSON: names and masks are personal data, so they are sealed as tokens are.
ALTER TABLE hosted_link.items
  ADD COLUMN user_hash text CHECK (user_hash ~ '^[0-9a-f]{32}$'),
  ADD COLUMN accounts_key_id text REFERENCES hosted_link.vault_keys (key_id),
  ADD COLUMN accounts_wrapped_key bytea,
  ADD COLUMN sealed_accounts bytea,
  -- When a session in update mode mended it last.
  ADD COLUMN healthy_at timestamptz,
  ADD CONSTRAINT items_accounts CHECK (
    num_nulls(accounts_key_id, accounts_wrapped_key, sealed_accounts) IN (0, 3)
    AND (sealed_accounts IS NULL OR removed_at IS NULL)
  );
CREATE INDEX items_user_hash ON hosted_link.items (user_hash, institution_id) WHERE user_hash IS NOT NULL;
CREATE INDEX items_accounts_key_id ON hosted_link.items (accounts_key_id) WHERE accounts_key_id IS NOT NULL;

ALTER TABLE hosted_link.results
  -- For Plaid's support.
  ADD COLUMN link_session_id text CHECK (length(link_session_id) BETWEEN 1 AND 200),
  ADD COLUMN institution_id text CHECK (length(institution_id) BETWEEN 1 AND 200),
  ADD COLUMN institution_name text CHECK (length(institution_name) BETWEEN 1 AND 500),
  ADD COLUMN accounts_key_id text REFERENCES hosted_link.vault_keys (key_id),
  ADD COLUMN accounts_wrapped_key bytea,
  ADD COLUMN sealed_accounts bytea,
  -- They live no longer than the sealed token: a linked item keeps its own.
  ADD CONSTRAINT results_accounts CHECK (
    num_nulls(accounts_key_id, accounts_wrapped_key, sealed_accounts) IN (0, 3)
    AND (sealed_accounts IS NULL OR state = 'PENDING')
  ),
  ADD CONSTRAINT results_duplicate CHECK (state <> 'DUPLICATE' OR item_id IS NOT NULL);
CREATE INDEX results_accounts_key_id ON hosted_link.results (accounts_key_id) WHERE accounts_key_id IS NOT NULL;
CREATE INDEX results_state ON hosted_link.results (state) WHERE state IN ('PENDING', 'UNCERTAIN');
