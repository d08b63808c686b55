-- The vault: sessions, the exchange journal, items with their sealed access tokens, and who read them.
--
-- A sealed value is three columns: key_id names the key of the ring that wraps the row's data key, wrapped_key is that
-- data key (nonce, ciphertext, tag), and the third is the value itself (version, nonce, ciphertext, tag). Rotation to
-- another key of the ring rewrites the first two only.

CREATE TABLE hosted_link.vault_keys (
  key_id text PRIMARY KEY CHECK (key_id ~ '^[A-Za-z0-9._-]{1,64}$'),
  -- HMAC-SHA256 of a fixed string under the key: tells another key under the same id apart.
  check_value bytea NOT NULL CHECK (octet_length(check_value) = 32),
  added_at timestamptz NOT NULL DEFAULT now()
);

-- "Same key, same session", beyond Temporal's retention.
CREATE TABLE hosted_link.sessions (
  session_key text PRIMARY KEY CHECK (session_key ~ '^[A-Za-z0-9._:-]{1,128}$'),
  plaid_flow text NOT NULL CHECK (plaid_flow IN ('link_delivery')),
  state text NOT NULL DEFAULT 'CREATING' CHECK (
    state IN ('CREATING', 'WAITING', 'COMPLETED', 'EXPIRED', 'CANCELLING', 'CANCELLED', 'FAILED', 'DELIVERY_UNCERTAIN')
  ),
  first_run_id text NOT NULL CHECK (length(first_run_id) BETWEEN 1 AND 200),
  -- First 128 bits of the SHA-256 of Plaid's session id, which itself opens the hosted page.
  plaid_session_hash text CHECK (plaid_session_hash ~ '^[0-9a-f]{32}$'),
  -- The digest may be of nothing more than a phone number, which can be guessed: sealed.
  key_id text NOT NULL REFERENCES hosted_link.vault_keys,
  wrapped_key bytea NOT NULL,
  sealed_request_digest bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  CONSTRAINT sessions_end CHECK (
    (state IN ('COMPLETED', 'EXPIRED', 'CANCELLED', 'FAILED', 'DELIVERY_UNCERTAIN')) = (ended_at IS NOT NULL)
  )
);
CREATE INDEX sessions_key_id ON hosted_link.sessions (key_id);
CREATE INDEX sessions_plaid_session_hash ON hosted_link.sessions (plaid_session_hash);

CREATE TABLE hosted_link.items (
  item_id text PRIMARY KEY CHECK (length(item_id) BETWEEN 1 AND 200),
  session_key text NOT NULL REFERENCES hosted_link.sessions,
  environment text NOT NULL CHECK (environment IN ('sandbox', 'development', 'production')),
  institution_id text CHECK (length(institution_id) BETWEEN 1 AND 200),
  institution_name text CHECK (length(institution_name) BETWEEN 1 AND 500),
  key_id text REFERENCES hosted_link.vault_keys,
  wrapped_key bytea,
  sealed_access_token bytea,
  linked_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz,
  -- The sealed token lives exactly as long as the item.
  CONSTRAINT items_token CHECK (
    num_nulls(key_id, wrapped_key, sealed_access_token) = CASE WHEN removed_at IS NULL THEN 0 ELSE 3 END
  )
);
CREATE INDEX items_session_key ON hosted_link.items (session_key);
CREATE INDEX items_key_id ON hosted_link.items (key_id);
CREATE INDEX items_environment ON hosted_link.items (environment);

-- The exchange results: one row for each token that Plaid handed out.
CREATE TABLE hosted_link.results (
  -- SHA-256 of the token.
  result_id text PRIMARY KEY CHECK (result_id ~ '^[0-9a-f]{64}$'),
  session_key text NOT NULL REFERENCES hosted_link.sessions,
  kind text NOT NULL CHECK (kind IN ('access_token', 'public_token')),
  state text NOT NULL DEFAULT 'PENDING' CHECK (
    state IN ('PENDING', 'LINKED', 'DUPLICATE', 'EXPIRED', 'UNCERTAIN', 'FAILED', 'REMOVED')
  ),
  item_id text REFERENCES hosted_link.items,
  error_code text CHECK (length(error_code) BETWEEN 1 AND 200),
  request_ids text[] NOT NULL DEFAULT '{}',
  key_id text REFERENCES hosted_link.vault_keys,
  wrapped_key bytea,
  sealed_token bytea,
  -- Grows by one with each lease; what an earlier holder still writes is refused.
  fence integer NOT NULL DEFAULT 0 CHECK (fence >= 0),
  leased_until timestamptz,
  -- Calls that were begun and have no definite answer, the one under way included.
  unanswered_calls integer NOT NULL DEFAULT 0 CHECK (unanswered_calls >= 0),
  seen_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  CONSTRAINT results_end CHECK ((state = 'PENDING') = (ended_at IS NULL)),
  -- The sealed token lives exactly as long as the result is pending.
  CONSTRAINT results_token CHECK (
    num_nulls(key_id, wrapped_key, sealed_token) = CASE WHEN state = 'PENDING' THEN 0 ELSE 3 END
  ),
  CONSTRAINT results_linked CHECK (state <> 'LINKED' OR item_id IS NOT NULL),
  CONSTRAINT results_lease CHECK (leased_until IS NULL OR state = 'PENDING')
);
CREATE INDEX results_session_key ON hosted_link.results (session_key, seen_at);
CREATE INDEX results_item_id ON hosted_link.results (item_id);
CREATE INDEX results_key_id ON hosted_link.results (key_id);

-- Every read of an access token, written before the token is decrypted.
CREATE TABLE hosted_link.access_audit (
  read_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id text NOT NULL REFERENCES hosted_link.items,
  actor text NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
  purpose text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 200),
  read_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX access_audit_item_id ON hosted_link.access_audit (item_id, read_at);
