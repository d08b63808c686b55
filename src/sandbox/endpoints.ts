import type { DeliveryMethod } from '../session';
import { invalidInput } from './api-error';
import type { SandboxEndpoint } from './fault';
import {
  checkLinkTokenRequest,
  exchangeSchema,
  itemGetSchema,
  itemRemoveSchema,
  linkDeliveryCreateSchema,
  linkDeliveryGetSchema,
  linkTokenCreateSchema,
  readRequest,
  webhookVerificationKeyGetSchema,
} from './request-schemas';
import type { SandboxState, TokenShape } from './state';
import type { WebhookKeys } from './webhook-keys';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long a link token lives by default, in milliseconds: 4 h (plaid.com/docs, 2026-03). */
export const LINK_TOKEN_LIFETIME_MS = 4 * HOUR;

/** How long a hosted URL that the caller delivers lives by default, in milliseconds: 30 min (plaid.com/docs, 2026-03). */
const HOSTED_URL_LIFETIME_MS = 30 * MINUTE;

/** What the endpoints need to know. */
export interface EndpointContext {
  state: SandboxState;
  webhookKeys: WebhookKeys;
  hostedUrl(sessionId: string): string;
  tokensOnce: boolean;
  tokenShape: TokenShape;
  linkTokenLifetimeMs: number | undefined;
}

type Body = Record<string, unknown>;
type Endpoint = (context: EndpointContext, body: Body) => Body;

/** Does each endpoint's work and gives its answer without `request_id`. Each throws ApiError when Plaid would refuse. */
export const endpoints: Record<SandboxEndpoint, Endpoint> = {
  '/link/token/create': createLinkToken,
  '/link_delivery/create': createDelivery,
  '/link_delivery/get': getDelivery,
  '/item/public_token/exchange': exchangePublicToken,
  '/item/get': getItem,
  '/item/remove': removeItem,
  '/webhook_verification_key/get': getWebhookKey,
};

function createLinkToken(context: EndpointContext, body: Body): Body {
  const { state, linkTokenLifetimeMs } = context;
  const request = readRequest(linkTokenCreateSchema, body);
  checkLinkTokenRequest(request);
  const { hosted_link: hosted, enable_multi_item_link: multiItem } = request;
  const seconds = hosted?.url_lifetime_seconds;
  const chosenMs = seconds === undefined ? linkTokenLifetimeMs : seconds * SECOND;
  const record = state.issueLinkToken({
    lifetimeMs: chosenMs ?? (hosted ? HOSTED_URL_LIFETIME_MS : LINK_TOKEN_LIFETIME_MS),
    fixedLifetime: chosenMs !== undefined,
    clientName: request.client_name,
    completionRedirectUri: hosted?.completion_redirect_uri,
    webhookUrl: request.webhook,
    tokenShape: context.tokenShape,
    items: 1,
    multiItem: multiItem ?? false,
  });
  if (hosted) {
    const session = state.ensureSession(record);
    if (hosted.delivery_method) {
      state.countMessage(session, hosted.delivery_method.toUpperCase() as DeliveryMethod);
    }
  }
  return {
    link_token: record.linkToken,
    expiration: iso(record.expiresAt),
    ...(hosted && { hosted_link_url: context.hostedUrl(record.sessionId) }),
  };
}

function createDelivery({ state, hostedUrl }: EndpointContext, body: Body): Body {
  const request = readRequest(linkDeliveryCreateSchema, body);
  const record = state.usableLinkToken(request.link_token);
  const session = state.ensureSession(record);
  session.delivered = true;
  for (const { method } of request.options?.recipient?.communication_methods ?? []) {
    state.countMessage(session, method);
  }
  return {
    link_delivery_url: hostedUrl(record.sessionId),
    link_delivery_session_id: record.sessionId,
  };
}

function getDelivery({ state, tokensOnce }: EndpointContext, body: Body): Body {
  const { link_delivery_session_id: sessionId } = readRequest(linkDeliveryGetSchema, body);
  const session = state.findSession(sessionId);
  if (!session?.delivered) {
    // Plaid documents no code for this; a session id is a link token's, so the link token's code it is.
    throw invalidInput('INVALID_LINK_TOKEN', `link delivery session ${sessionId} is not known`);
  }
  const answer: Body = {
    status: session.status,
    created_at: iso(session.createdAt),
    completed_at: session.completedAt === undefined ? null : iso(session.completedAt),
  };
  if (session.status !== 'COMPLETED') return answer;
  const show = !tokensOnce || session.timesTokensShown === 0;
  if (show) session.timesTokensShown += 1;
  if (session.linkToken.tokenShape === 'public_tokens') {
    return { ...answer, public_tokens: show ? session.publicTokens : null };
  }
  return {
    ...answer,
    access_tokens: show ? session.accessTokens : null,
    // Sorted, so that they do not pair with the tokens by index: Plaid promises no pairing.
    item_ids: session.accessTokens.map((token) => state.items.get(token)!.itemId).sort(),
  };
}

function exchangePublicToken({ state }: EndpointContext, body: Body): Body {
  const item = state.exchange(readRequest(exchangeSchema, body).public_token);
  return { access_token: item.accessToken, item_id: item.itemId };
}

function getItem({ state }: EndpointContext, body: Body): Body {
  const item = state.liveItem(readRequest(itemGetSchema, body).access_token);
  return {
    item: {
      item_id: item.itemId,
      institution_id: item.institution.institutionId,
      institution_name: item.institution.name,
      webhook: null,
      error: null,
      available_products: ['balance', 'identity'],
      billed_products: ['auth'],
      products: ['auth'],
      consent_expiration_time: null,
      update_type: 'background',
      created_at: iso(item.createdAt),
    },
    status: null,
  };
}

function removeItem({ state }: EndpointContext, body: Body): Body {
  const item = state.liveItem(readRequest(itemRemoveSchema, body).access_token);
  item.removedAt = state.now();
  return {};
}

function getWebhookKey({ webhookKeys }: EndpointContext, body: Body): Body {
  return { key: webhookKeys.describe(readRequest(webhookVerificationKeyGetSchema, body).key_id) };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
