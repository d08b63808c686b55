import type { PlaidClient } from '../plaid/plaid';
import type { Delivery } from '../session';
import { parseLinkToken } from '../session';
import type { SeenToken } from '../vault/vault';

/** A session as Plaid made it. */
export interface CreatedSession {
  /** Plaid's session id. Opens the hosted page: show only its `plaidSessionHash`. */
  plaidSessionId: string;
  url: string;
}

/** One look at a session. */
export interface SessionAnswer {
  /** A `SessionStatus`, or a string that Plaid added later. */
  status: string;
  tokens: SeenToken[];
  requestId: string;
}

/** What a session needs of the Plaid API that serves it. */
export interface LinkApi {
  /** Makes the hosted session of a link token, and lets Plaid send it when `delivery` is given. */
  create(linkToken: string, delivery: Delivery | undefined): Promise<CreatedSession>;
  get(plaidSessionId: string): Promise<SessionAnswer>;
  /** Plaid's session id of a link token, where it is known before the create; else undefined. */
  sessionIdOf(linkToken: string): string | undefined;
}

/** `/link_delivery/*`: Plaid exchanges by itself and hands out access tokens; public tokens in its older shape. */
export function linkDeliveryApi(plaid: PlaidClient): LinkApi {
  return {
    async create(linkToken, delivery) {
      const { sessionId, url } = await plaid.linkDeliveryCreate({ linkToken, recipient: delivery });
      return { plaidSessionId: sessionId, url };
    },
    async get(plaidSessionId) {
      const answer = await plaid.linkDeliveryGet(plaidSessionId);
      return {
        status: answer.status,
        requestId: answer.requestId,
        tokens: [
          ...answer.accessTokens.map((token) => ({ kind: 'access_token' as const, token })),
          ...answer.publicTokens.map((token) => ({ kind: 'public_token' as const, token })),
        ],
      };
    },
    sessionIdOf: (linkToken) => parseLinkToken(linkToken)?.id,
  };
}
