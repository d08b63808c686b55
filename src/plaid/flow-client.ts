import type { LinkTokenRequest } from './plaid';
import type { Secret } from '../secrets/secret';
import type { Delivery } from '../domain/start-request';
import type { PlaidErrorView } from '../domain/views';
import type { SeenToken } from '../secrets/seen-token';

/** What a session is made of. */
export interface NewSession {
  /** Only where the Plaid flow takes one, see `PlaidFlowRules.takesLinkToken`. */
  linkToken?: string | undefined;
  /** Without a `linkToken`. */
  linkTokenRequest?: LinkTokenRequest | undefined;
  /** In update mode, with a `linkTokenRequest`: the access token of the item to be repaired. */
  accessToken?: Secret | undefined;
  /** Lets Plaid send the link. */
  delivery?: Delivery | undefined;
}

/** A session as Plaid made it. */
export interface CreatedSession {
  /** Plaid's session id, a link token without `link-<env>-`. Opens the hosted page: show only its `plaidSessionHash`. */
  plaidSessionId: string;
  url: string;
  /** ISO 8601, of a session whose link token was made with it. */
  expiration?: string | undefined;
}

/** One look at a session. */
export interface SessionAnswer {
  /** A `SessionStatus`, or a string that Plaid added later. */
  status: string;
  tokens: SeenToken[];
  /** When the person finished, ISO 8601, where Plaid tells. */
  completedAt?: string | undefined;
  /** What the person left after, when Plaid tells. */
  exitError?: PlaidErrorView | undefined;
}

/** What a session needs of the Plaid API that serves it. */
export interface FlowClient {
  /** Makes the hosted session, and lets Plaid send it when `delivery` is given: then a repeat sends again. */
  create(session: NewSession): Promise<CreatedSession>;
  get(plaidSessionId: string): Promise<SessionAnswer>;
}
