import { MINUTE } from './time';

/** The Plaid API that serves a session: `/link_delivery/*`, or `/link/token/*` with `hosted_link`. */
export const PLAID_FLOWS = ['link_delivery', 'hosted_link'] as const;
export type PlaidFlow = (typeof PLAID_FLOWS)[number];

/** How Plaid itself sends the link to the person. */
export type DeliveryMethod = 'SMS' | 'EMAIL';

/** What a session's course depends on, of the Plaid API that serves it. */
export interface PlaidFlowRules {
  /** The longest wait between two gets, in milliseconds. */
  maxPollDelayMs: number;
  /** How long after its expiration a session is still asked for, in milliseconds: clocks differ, people finish late. */
  graceMs: number;
  /** Whether a link token is made first, and the session of it. Else one call makes both, and only its answer has the URL. */
  takesLinkToken: boolean;
  /** Whether Plaid makes the item by itself when the person finishes. Else nothing is made until a token is exchanged. */
  makesItems: boolean;
}

export const PLAID_FLOW_RULES: Record<PlaidFlow, PlaidFlowRules> = {
  /** It hands out access tokens, which do not expire, so that a long wait only delays the news; it says EXPIRED itself. */
  link_delivery: {
    maxPollDelayMs: 15 * MINUTE,
    graceMs: 2 * MINUTE,
    takesLinkToken: true,
    makesItems: true,
  },
  /**
   * It hands out public tokens, which live 30 minutes; Plaid's webhook retries leave that window after 10.5. A person who opened
   * the link in time may be 30 minutes inside the flow (plaid.com/docs, 2026-03).
   */
  hosted_link: { maxPollDelayMs: 5 * MINUTE, graceMs: 32 * MINUTE, takesLinkToken: false, makesItems: false },
};
