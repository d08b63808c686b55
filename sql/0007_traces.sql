-- Where the trace of a session begins, so that webhooks join it.

ALTER TABLE hosted_link.sessions
  -- W3C Trace Context: ids and a flag, nothing of the session. Null where nobody traced.
  ADD COLUMN traceparent text CHECK (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');
