-- What the deployment's operator is told of sessions over HTTP: what is sent is what stands here, in the order of sequence.

CREATE TABLE hosted_link.callbacks (
  -- No reference: a session that failed before its row was made is told of too.
  session_key text NOT NULL CHECK (session_key ~ '^[A-Za-z0-9._:-]{1,128}$'),
  sequence integer NOT NULL CHECK (sequence >= 1),
  -- The run of the workflow that told of it: a repeat by the same one is the same callback.
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
