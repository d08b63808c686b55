import type z from 'zod';
import { HOUR, MINUTE, SECOND } from '../domain/time';
import type { Body, EndpointContext } from './endpoint-context';
import { iso } from './iso';
import { linkSessionBody } from './link-session-body';
import { linkTokenCreateSchema, refuseBadLinkTokenRequest } from './link-token-request';
import type { ItemRecord, LinkTokenRecord, SandboxLinkSession, SandboxSession } from './records';
import { linkTokenGetSchema, readRequest } from './request-schemas';

/** How long a link token lives by default, in milliseconds: 4 h (plaid.com/docs, 2026-03). */
export const LINK_TOKEN_LIFETIME_MS = 4 * HOUR;

/** How long a hosted URL that the caller delivers lives by default, in milliseconds: 30 min (plaid.com/docs, 2026-03). */
const HOSTED_URL_LIFETIME_MS = 30 * MINUTE;

/** How long a link token in update mode lives, in milliseconds: 30 min (plaid.com/docs, 2026-03). */
const UPDATE_LIFETIME_MS = 30 * MINUTE;

/** How long `/link/token/get` shows a link session after its end, in milliseconds: 6 h (Plaid API 1.740.1). */
const LINK_SESSION_SHOWN_MS = 6 * HOUR;

/** `/link/token/create`. */
export function createLinkToken(context: EndpointContext, body: Body) {
  const { state } = context;
  const request = readRequest(linkTokenCreateSchema, body);
  refuseBadLinkTokenRequest(request);
  const updates = request.access_token == null ? undefined : state.items.live(request.access_token);
  const hosted = request.hosted_link ?? undefined;
  const seconds = hosted?.url_lifetime_seconds;
  const chosenMs = seconds === undefined ? context.linkTokenLifetimeMs : seconds * SECOND;
  const record = state.issueLinkToken({
    lifetimeMs: chosenMs ?? defaultLifetimeMs(updates, hosted !== undefined),
    fixedLifetime: chosenMs !== undefined || updates !== undefined,
    hosted: hosted !== undefined,
    clientName: request.client_name,
    metadata: metadataOf(request),
    completionRedirectUri: hosted?.completion_redirect_uri,
    // In update mode the request's own webhook has no effect.
    webhookUrl: updates ? updates.webhookUrl : request.webhook,
    tokenShape: context.switches.tokenShape,
    linkSessionShape: context.switches.linkSessionShape,
    items: updates ? 0 : 1,
    multiItem: request.enable_multi_item_link ?? false,
    updates,
  });
  if (hosted) sendLink(context, state.ensureSession(record), request);
  return {
    link_token: record.linkToken,
    expiration: iso(record.expiresAt),
    ...(hosted && { hosted_link_url: context.hostedUrl(record.sessionId) }),
  };
}

type LinkTokenRequest = z.infer<typeof linkTokenCreateSchema>;

function metadataOf(request: LinkTokenRequest) {
  const { account_filters, institution_data } = request;
  return {
    initial_products: request.products ?? [],
    country_codes: request.country_codes,
    language: request.language,
    redirect_uri: request.redirect_uri ?? null,
    ...(account_filters !== undefined && { account_filters }),
    ...(institution_data !== undefined && { institution_data }),
  };
}

/** Sends the link where Plaid would. `refuseBadLinkTokenRequest` has refused a method without its address. */
function sendLink({ state }: EndpointContext, session: SandboxSession, request: LinkTokenRequest): void {
  const method = request.hosted_link?.delivery_method;
  if (method === 'sms') state.countMessage(session, 'SMS', request.user!.phone_number!);
  if (method === 'email') state.countMessage(session, 'EMAIL', request.user!.email_address!);
}

function defaultLifetimeMs(updates: ItemRecord | undefined, hosted: boolean): number {
  if (updates) return UPDATE_LIFETIME_MS;
  return hosted ? HOSTED_URL_LIFETIME_MS : LINK_TOKEN_LIFETIME_MS;
}

/**
 * `/link/token/get`. Plaid does not say whether it answers for an expired link token; here it does, unless the sandbox was told
 * to refuse.
 */
export function getLinkToken({ state, switches }: EndpointContext, body: Body) {
  const { link_token: linkToken } = readRequest(linkTokenGetSchema, body);
  const record = switches.refuseExpired ? state.usableLinkToken(linkToken) : state.knownLinkToken(linkToken);
  const session = record.session && state.refresh(record.session);
  const now = state.now();
  return {
    link_token: record.linkToken,
    created_at: iso(record.createdAt),
    expiration: iso(record.expiresAt),
    link_sessions: (session?.linkSessions ?? [])
      .filter((linkSession) => now < endOf(linkSession, record) + LINK_SESSION_SHOWN_MS)
      .map((linkSession) => linkSessionBody(linkSession, record)),
    metadata: {
      ...record.metadata,
      client_name: record.clientName,
      webhook: record.webhookUrl ?? null,
    },
  };
}

/** When a link session ended, or will at the latest: an abandoned one ends with its link token. */
function endOf({ finishedAt }: SandboxLinkSession, { expiresAt }: LinkTokenRecord): number {
  return finishedAt ?? expiresAt;
}
