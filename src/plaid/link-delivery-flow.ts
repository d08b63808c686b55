import type { PlaidClient } from './plaid';
import type { FlowClient } from './flow-client';

/** `/link_delivery/*`: Plaid exchanges by itself and hands out access tokens; public tokens in its older shape. */
export function linkDeliveryFlow(plaid: PlaidClient): FlowClient {
  return {
    async create({ linkToken: given, linkTokenRequest = {}, accessToken, delivery }) {
      const { linkToken, expiration } =
        given === undefined
          ? await plaid.linkTokenCreate(linkTokenRequest, accessToken)
          : { linkToken: given, expiration: undefined };
      const { sessionId, url } = await plaid.linkDeliveryCreate({ linkToken, recipient: delivery });
      return { plaidSessionId: sessionId, url, expiration };
    },

    async get(plaidSessionId) {
      const { status, accessTokens, publicTokens, completedAt } = await plaid.linkDeliveryGet(plaidSessionId);
      return {
        status,
        completedAt,
        tokens: [
          ...accessTokens.map((token) => ({ kind: 'access_token' as const, token })),
          ...publicTokens.map((token) => ({ kind: 'public_token' as const, token })),
        ],
      };
    },
  };
}
