-- What is left of a session once its time is over, and who was forgotten.

ALTER TABLE hosted_link.sessions
  ALTER COLUMN key_id DROP NOT NULL,
  ALTER COLUMN wrapped_key DROP NOT NULL,
  ALTER COLUMN sealed_request_digest DROP NOT NULL,
  -- When all that tells of the person was taken out. Key and state stay: they are the promise "same key, same session".
  ADD COLUMN stripped_at timestamptz,
  ADD CONSTRAINT sessions_stripped CHECK (
    num_nulls(key_id, wrapped_key, sealed_request_digest) = CASE WHEN stripped_at IS NULL THEN 0 ELSE 3 END
    AND (stripped_at IS NULL OR (ended_at IS NOT NULL AND user_hash IS NULL AND plaid_session_hash IS NULL))
  );
CREATE INDEX sessions_to_strip ON hosted_link.sessions (ended_at) WHERE stripped_at IS NULL;
CREATE INDEX items_to_strip ON hosted_link.items (removed_at)
  WHERE removed_at IS NOT NULL AND num_nonnulls(user_hash, institution_id, institution_name) > 0;

-- A tombstone for each person who was forgotten: after a restore, it tells whom to forget again.
CREATE TABLE hosted_link.forgotten_users (
  user_hash text PRIMARY KEY CHECK (user_hash ~ '^[0-9a-f]{32}$'),
  -- What is from before this time is stripped as soon as it has ended. A person may come back later.
  forgotten_at timestamptz NOT NULL DEFAULT now()
);
