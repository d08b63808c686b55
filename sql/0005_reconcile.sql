-- What is needed to hold the vault against Temporal and Plaid after a restore, and to read long lists a page at a time.

ALTER TABLE hosted_link.results
  -- The item of a result that this database had lost when it was restored: Plaid has it, and nobody its access token.
  ADD COLUMN lost_item_id text CHECK (length(lost_item_id) BETWEEN 1 AND 200),
  ADD CONSTRAINT results_lost CHECK (lost_item_id IS NULL OR state <> 'PENDING');

-- Every change that `hosted-link reconcile` has made, or has had made: entered before or with the change.
CREATE TABLE hosted_link.repairs (
  repair_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind ~ '^[A-Z_]{1,40}$'),
  -- A session key, an item id, a result id or the hash of a user id, by the kind.
  subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
  repaired_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX items_linked_at ON hosted_link.items (linked_at, item_id);
CREATE INDEX results_seen_at ON hosted_link.results (seen_at, result_id);
CREATE INDEX sessions_open ON hosted_link.sessions (session_key) WHERE ended_at IS NULL;
