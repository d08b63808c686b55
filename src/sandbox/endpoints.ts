import { invalidInput } from './api-error';
import type { Body, Endpoint, EndpointContext } from './endpoint-context';
import type { SandboxEndpoint } from './fault';
import { exchangePublicToken, getAccounts, getItem, itemRemove, updateItemWebhook } from './item-endpoints';
import { iso } from './iso';
import { createLinkToken, getLinkToken } from './link-token-endpoints';
import { itemsOf, publicTokensOf } from './records';
import {
  linkDeliveryCreateSchema,
  linkDeliveryGetSchema,
  readRequest,
  webhookVerificationKeyGetSchema,
} from './request-schemas';
import { createSandboxPublicToken, fireWebhook, resetLogin } from './sandbox-endpoints';

/** The work of each endpoint. */
export const endpoints = {
  '/link/token/create': createLinkToken,
  '/link/token/get': getLinkToken,
  '/link_delivery/create': createDelivery,
  '/link_delivery/get': getDelivery,
  '/item/public_token/exchange': exchangePublicToken,
  '/item/get': getItem,
  '/accounts/get': getAccounts,
  '/item/webhook/update': updateItemWebhook,
  '/item/remove': itemRemove,
  '/webhook_verification_key/get': getWebhookKey,
  '/sandbox/public_token/create': createSandboxPublicToken,
  '/sandbox/item/reset_login': resetLogin,
  '/sandbox/item/fire_webhook': fireWebhook,
} satisfies Record<SandboxEndpoint, Endpoint>;

function createDelivery({ state, hostedUrl }: EndpointContext, body: Body) {
  const request = readRequest(linkDeliveryCreateSchema, body);
  const record = state.usableLinkToken(request.link_token);
  const session = state.ensureSession(record);
  session.delivered = true;
  for (const { method, address } of request.options?.recipient?.communication_methods ?? []) {
    state.countMessage(session, method, address);
  }
  return {
    link_delivery_url: hostedUrl(record.sessionId),
    link_delivery_session_id: record.sessionId,
  };
}

function getDelivery({ state, switches }: EndpointContext, body: Body) {
  const { link_delivery_session_id: sessionId } = readRequest(linkDeliveryGetSchema, body);
  const session = state.findSession(sessionId);
  if (!session?.delivered) {
    // Plaid documents no code for this; a session id is a link token's, so the link token's code it is.
    throw invalidInput('INVALID_LINK_TOKEN', `link delivery session ${sessionId} is not known`);
  }
  const answer = {
    status: session.status,
    created_at: iso(session.createdAt),
    completed_at: session.completedAt === undefined ? null : iso(session.completedAt),
  };
  if (session.status !== 'COMPLETED') return answer;
  const show = !switches.tokensOnce || session.timesTokensShown === 0;
  if (show) session.timesTokensShown += 1;
  if (session.linkToken.tokenShape === 'public_tokens') {
    return { ...answer, public_tokens: show ? publicTokensOf(session) : null };
  }
  const items = itemsOf(session);
  return {
    ...answer,
    access_tokens: show ? items.map(({ accessToken }) => accessToken) : null,
    // Sorted, so that they do not pair with the tokens by index: Plaid promises no pairing.
    item_ids: items.map(({ itemId }) => itemId).sort(),
  };
}

function getWebhookKey({ webhookKeys }: EndpointContext, body: Body) {
  return { key: webhookKeys.describe(readRequest(webhookVerificationKeyGetSchema, body).key_id) };
}
