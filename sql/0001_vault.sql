-- The vault: sessions, results, items with their sealed access tokens, callbacks, and who read what.
--
-- A sealed value is three columns: key_id names the key of the ring that wraps the row's data key, wrapped_key is that
-- data key (nonce, ciphertext, tag), and the third is the value itself (version, nonce, ciphertext, tag). Rotation to
-- another key of the ring rewrites the first two only.

-- check_value is the HMAC-SHA256 of a fixed string under the key. It detects another key under the same id.
CREATE TABLE hosted_link.vault_keys (
  key_id text PRIMARY KEY CHECK (key_id ~ '^[A-Za-z0-9._-]{1,64}$'),
  check_value bytea NOT NULL CHECK (octet_length(check_value) = 32),
  added_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE hosted_link.codec_keys (
  key_id text PRIMARY KEY CHECK (key_id ~ '^[A-Za-z0-9._-]{1,64}$'),
  check_value bytea NOT NULL CHECK (octet_length(check_value) = 32),
  added_at timestamptz NOT NULL DEFAULT now()
);

-- "Same key, same session", beyond Temporal's retention.
CREATE TABLE hosted_link.sessions (
  session_key text PRIMARY KEY CHECK (session_key ~ '^[A-Za-z0-9._:-]{1,128}$'),
  plaid_flow text NOT NULL CHECK (plaid_flow IN ('link_delivery', 'hosted_link')),
  state text NOT NULL DEFAULT 'CREATING' CHECK (
    state IN ('CREATING', 'WAITING', 'COMPLETED', 'EXPIRED', 'CANCELLING', 'CANCELLED', 'FAILED', 'DELIVERY_UNCERTAIN')
  ),
  first_run_id text NOT NULL CHECK (length(first_run_id) BETWEEN 1 AND 200),
  -- First 128 bits of the SHA-256 of Plaid's session id, which itself opens the hosted page.
  plaid_session_hash text CHECK (plaid_session_hash ~ '^[0-9a-f]{32}$'),
  -- First 128 bits of the SHA-256 of the caller's user id.
  user_hash text CHECK (user_hash ~ '^[0-9a-f]{32}$'),
  -- The digest may be of nothing more than a phone number, which can be guessed: sealed.
  key_id text REFERENCES hosted_link.vault_keys,
  wrapped_key bytea,
  sealed_request_digest bytea,
  -- W3C Trace Context: ids and a flag. Null where nobody traced.
  traceparent text CHECK (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  -- When everything about the person was removed. Key and state stay: they are the promise "same key, same session".
  purged_at timestamptz,
  CONSTRAINT sessions_end CHECK (
    (state IN ('COMPLETED', 'EXPIRED', 'CANCELLED', 'FAILED', 'DELIVERY_UNCERTAIN')) = (ended_at IS NOT NULL)
  ),
  CONSTRAINT sessions_purged CHECK (
    num_nulls(key_id, wrapped_key, sealed_request_digest) = CASE WHEN purged_at IS NULL THEN 0 ELSE 3 END
    AND (purged_at IS NULL OR (ended_at IS NOT NULL AND user_hash IS NULL AND plaid_session_hash IS NULL))
  )
);
CREATE INDEX sessions_key_id ON hosted_link.sessions (key_id);
CREATE INDEX sessions_plaid_session_hash ON hosted_link.sessions (plaid_session_hash);
CREATE INDEX sessions_user_hash ON hosted_link.sessions (user_hash) WHERE user_hash IS NOT NULL;
CREATE INDEX sessions_to_purge ON hosted_link.sessions (ended_at) WHERE purged_at IS NULL;
CREATE INDEX sessions_open ON hosted_link.sessions (session_key) WHERE ended_at IS NULL;

CREATE TABLE hosted_link.items (
  item_id text PRIMARY KEY CHECK (length(item_id) BETWEEN 1 AND 200),
  session_key text NOT NULL REFERENCES hosted_link.sessions,
  environment text NOT NULL CHECK (environment IN ('sandbox', 'development', 'production')),
  user_hash text CHECK (user_hash ~ '^[0-9a-f]{32}$'),
  institution_id text CHECK (length(institution_id) BETWEEN 1 AND 200),
  institution_name text CHECK (length(institution_name) BETWEEN 1 AND 500),
  key_id text REFERENCES hosted_link.vault_keys,
  wrapped_key bytea,
  sealed_access_token bytea,
  -- The accounts that the person chose, as JSON. Names and masks are personal data, so they are sealed as tokens are.
  accounts_key_id text REFERENCES hosted_link.vault_keys (key_id),
  accounts_wrapped_key bytea,
  sealed_accounts bytea,
  linked_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz,
  -- When a session in update mode last left the item without an error.
  healthy_at timestamptz,
  -- The sealed token lives exactly as long as the item.
  CONSTRAINT items_token CHECK (
    num_nulls(key_id, wrapped_key, sealed_access_token) = CASE WHEN removed_at IS NULL THEN 0 ELSE 3 END
  ),
  CONSTRAINT items_accounts CHECK (
    num_nulls(accounts_key_id, accounts_wrapped_key, sealed_accounts) IN (0, 3)
    AND (sealed_accounts IS NULL OR removed_at IS NULL)
  )
);
CREATE INDEX items_session_key ON hosted_link.items (session_key);
CREATE INDEX items_key_id ON hosted_link.items (key_id);
CREATE INDEX items_accounts_key_id ON hosted_link.items (accounts_key_id) WHERE accounts_key_id IS NOT NULL;
CREATE INDEX items_environment ON hosted_link.items (environment);
CREATE INDEX items_user_hash ON hosted_link.items (user_hash, institution_id) WHERE user_hash IS NOT NULL;
CREATE INDEX items_linked_at ON hosted_link.items (linked_at, item_id);
CREATE INDEX items_to_purge ON hosted_link.items (removed_at)
  WHERE removed_at IS NOT NULL AND num_nonnulls(user_hash, institution_id, institution_name) > 0;

-- One row for each token that Plaid handed out.
CREATE TABLE hosted_link.results (
  -- SHA-256 of the token.
  result_id text PRIMARY KEY CHECK (result_id ~ '^[0-9a-f]{64}$'),
  session_key text NOT NULL REFERENCES hosted_link.sessions,
  kind text NOT NULL CHECK (kind IN ('access_token', 'public_token')),
  state text NOT NULL DEFAULT 'PENDING' CHECK (
    state IN ('PENDING', 'LINKED', 'DUPLICATE', 'EXPIRED', 'UNCERTAIN', 'FAILED', 'REMOVED')
  ),
  item_id text REFERENCES hosted_link.items,
  -- The item of a result that this database lost when it was restored: it exists at Plaid, and nobody has its access token.
  lost_item_id text CHECK (length(lost_item_id) BETWEEN 1 AND 200),
  error_code text CHECK (length(error_code) BETWEEN 1 AND 200),
  -- For Plaid's support, as is link_session_id.
  request_ids text[] NOT NULL DEFAULT '{}',
  link_session_id text CHECK (length(link_session_id) BETWEEN 1 AND 200),
  institution_id text CHECK (length(institution_id) BETWEEN 1 AND 200),
  institution_name text CHECK (length(institution_name) BETWEEN 1 AND 500),
  key_id text REFERENCES hosted_link.vault_keys,
  wrapped_key bytea,
  sealed_token bytea,
  accounts_key_id text REFERENCES hosted_link.vault_keys (key_id),
  accounts_wrapped_key bytea,
  sealed_accounts bytea,
  -- Grows by one with each lease; a write by an earlier holder is refused.
  fence integer NOT NULL DEFAULT 0 CHECK (fence >= 0),
  leased_until timestamptz,
  -- Calls that were started and have no definite answer, the running one included.
  unanswered_calls integer NOT NULL DEFAULT 0 CHECK (unanswered_calls >= 0),
  seen_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  CONSTRAINT results_end CHECK ((state = 'PENDING') = (ended_at IS NULL)),
  -- The sealed token lives exactly as long as the result is pending.
  CONSTRAINT results_token CHECK (
    num_nulls(key_id, wrapped_key, sealed_token) = CASE WHEN state = 'PENDING' THEN 0 ELSE 3 END
  ),
  -- The accounts live no longer than the sealed token: a linked item keeps its own.
  CONSTRAINT results_accounts CHECK (
    num_nulls(accounts_key_id, accounts_wrapped_key, sealed_accounts) IN (0, 3)
    AND (sealed_accounts IS NULL OR state = 'PENDING')
  ),
  CONSTRAINT results_linked CHECK (state <> 'LINKED' OR item_id IS NOT NULL),
  CONSTRAINT results_duplicate CHECK (state <> 'DUPLICATE' OR item_id IS NOT NULL),
  CONSTRAINT results_lost CHECK (lost_item_id IS NULL OR state <> 'PENDING'),
  CONSTRAINT results_lease CHECK (leased_until IS NULL OR state = 'PENDING')
);
CREATE INDEX results_session_key ON hosted_link.results (session_key, seen_at);
CREATE INDEX results_item_id ON hosted_link.results (item_id);
CREATE INDEX results_key_id ON hosted_link.results (key_id);
CREATE INDEX results_accounts_key_id ON hosted_link.results (accounts_key_id) WHERE accounts_key_id IS NOT NULL;
CREATE INDEX results_state ON hosted_link.results (state) WHERE state IN ('PENDING', 'UNCERTAIN');
CREATE INDEX results_seen_at ON hosted_link.results (seen_at, result_id);

-- Callbacks over HTTP: each is sent as its row says, in the order of sequence.
CREATE TABLE hosted_link.callbacks (
  -- No reference: a session that failed before its row was made gets a callback too.
  session_key text NOT NULL CHECK (session_key ~ '^[A-Za-z0-9._:-]{1,128}$'),
  sequence integer NOT NULL CHECK (sequence >= 1),
  -- The run of the workflow that queued it: a repeat by the same run is the same callback.
  told_by text NOT NULL CHECK (length(told_by) BETWEEN 1 AND 200),
  plaid_flow text NOT NULL CHECK (plaid_flow IN ('link_delivery', 'hosted_link')),
  session_state text NOT NULL CHECK (session_state ~ '^[A-Z_]{1,40}$'),
  item_ids text[] NOT NULL,
  callback_state text NOT NULL DEFAULT 'PENDING' CHECK (callback_state IN ('PENDING', 'DELIVERED', 'GIVEN_UP')),
  -- How it ended: HTTP_<status>, or a code.
  answer text CHECK (answer ~ '^[A-Za-z0-9_]{1,100}$'),
  -- Not when its transaction began, which may have waited for another one's.
  queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  PRIMARY KEY (session_key, sequence),
  UNIQUE (session_key, told_by),
  CONSTRAINT callbacks_end CHECK ((callback_state = 'PENDING') = (ended_at IS NULL AND answer IS NULL))
);
CREATE INDEX callbacks_undelivered ON hosted_link.callbacks (callback_state, queued_at)
  WHERE callback_state <> 'DELIVERED';
CREATE INDEX callbacks_to_delete ON hosted_link.callbacks (ended_at);

-- Every read of an access token, written before the token is decrypted.
CREATE TABLE hosted_link.access_audit (
  read_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id text NOT NULL REFERENCES hosted_link.items,
  actor text NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
  purpose text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 200),
  read_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX access_audit_item_id ON hosted_link.access_audit (item_id, read_at);
CREATE INDEX access_audit_read_at ON hosted_link.access_audit (read_at);
CREATE INDEX access_audit_actor ON hosted_link.access_audit (actor, read_at);

-- A tombstone for each erased user: after a restore, it says whom to erase again.
CREATE TABLE hosted_link.erased_users (
  user_hash text PRIMARY KEY CHECK (user_hash ~ '^[0-9a-f]{32}$'),
  -- Rows from before this time are purged as soon as they have ended. A user may come back later.
  erased_at timestamptz NOT NULL DEFAULT now()
);

-- Every change that `hosted-link reconcile` made or started: written before or with the change.
CREATE TABLE hosted_link.repairs (
  repair_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind ~ '^[A-Z_]{1,40}$'),
  -- A session key, an item id, a result id or the hash of a user id, depending on the kind.
  subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
  repaired_at timestamptz NOT NULL DEFAULT now()
);
