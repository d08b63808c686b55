/** How a request to the receiver of webhooks may come out: what is counted, and what metrics have as their label. */
export const WEBHOOK_OUTCOMES = [
  /** Its session was hinted, or a hint to it will gather this one. */
  'hinted',
  /** Its session was told that Plaid could not deliver the link. */
  'deliveryFailed',
  /** Of another product, and taken over by the application. */
  'forwarded',
  /** Of another product, with nowhere to forward it. */
  'dropped',
  /** About a session, with nothing to do: a step of the person, a sent message, whatever Plaid adds. */
  'ignored',
  /** Came before, within its life. */
  'duplicate',
  /** Of a session that the vault does not know. */
  'unknownSession',
  /** Of a session that has ended. */
  'endedSession',
  /** Of another Plaid environment. */
  'otherEnvironment',
  /** Answered 401: not Plaid's. */
  'refused',
  /** Answered 503: no key, no vault, no Temporal or no application. Plaid tries again. */
  'unavailable',
] as const;

export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number];
