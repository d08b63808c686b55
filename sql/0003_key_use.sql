-- The codec's keys and how often each has encrypted, and the ways in which the audit is read.

CREATE TABLE hosted_link.codec_keys (
  key_id text PRIMARY KEY CHECK (key_id ~ '^[A-Za-z0-9._-]{1,64}$'),
  -- HMAC-SHA256 of a fixed string under the key: tells another key under the same id apart.
  check_value bytea NOT NULL CHECK (octet_length(check_value) = 32),
  -- Payloads that workers have encrypted with it: booked ahead in blocks, so a crash counts too many and none too few.
  encryptions bigint NOT NULL DEFAULT 0 CHECK (encryptions >= 0),
  added_at timestamptz NOT NULL DEFAULT now(),
  booked_at timestamptz
);

CREATE INDEX access_audit_read_at ON hosted_link.access_audit (read_at);
CREATE INDEX access_audit_actor ON hosted_link.access_audit (actor, read_at);
