import type { PlaidEnvironment } from '../domain/link-token';
import type { DeliveryMethod } from '../domain/plaid-flow';
import { plaidErrorBody } from './api-error';
import { iso } from './iso';
import { accountNames, eventBodies, institutionBody } from './link-session-body';
import { randomId } from './random-id';
import type { ErrorName, ItemRecord, SandboxLinkSession, LinkTokenRecord } from './records';
import type { SandboxSwitches } from './switches';

/* The bodies of webhooks, by the shapes of Plaid API 1.517.0 to 1.740.1. */

/** What all webhooks of one visit have in common. */
export interface Visit {
  linkToken: LinkTokenRecord;
  linkSession: SandboxLinkSession;
  environment: PlaidEnvironment;
}

/** LINK / ITEM_ADD_RESULT. */
export function itemAddResult(visit: Visit, publicToken: string) {
  return { ...link(visit), webhook_code: 'ITEM_ADD_RESULT', public_token: publicToken };
}

/** LINK / SESSION_FINISHED. The deprecated field holds one public token, and is left out when there is none. */
export function sessionFinished(
  visit: Visit,
  switches: Pick<SandboxSwitches, 'sessionFinishedStatus' | 'sessionFinishedTokens'>,
) {
  const { exit, results } = visit.linkSession;
  const status = exit ? 'EXITED' : 'SUCCESS';
  const tokens = results.map(({ publicToken }) => publicToken);
  const where = switches.sessionFinishedTokens;
  return {
    ...link(visit),
    webhook_code: 'SESSION_FINISHED',
    status: switches.sessionFinishedStatus === 'lower' ? status.toLowerCase() : status,
    ...(where !== 'public_token' && { public_tokens: tokens }),
    ...(where !== 'public_tokens' && tokens[0] !== undefined && { public_token: tokens[0] }),
  };
}

/** LINK / EVENTS. */
export function linkEvents(visit: Visit) {
  return { ...link(visit), webhook_code: 'EVENTS', events: eventBodies(visit.linkSession.events) };
}

/** LINK_DELIVERY / LINK_CALLBACK for one step of the person. */
export function eventCallback(visit: Visit, at: number, eventName: string) {
  return linkCallback(visit, at, { callback_type: 'ON_EVENT', event_name: eventName });
}

/** LINK_DELIVERY / LINK_CALLBACK for the end of a visit. */
export function endCallback(visit: Visit, at: number) {
  const { exit, results, items } = visit.linkSession;
  if (exit) {
    return {
      ...linkCallback(visit, at, { callback_type: 'ON_EXIT', event_name: 'EXIT', status: exit.status }),
      ...(exit.error && { error: webhookError(exit.error) }),
    };
  }
  const connected = results[0] ?? items[0];
  return linkCallback(visit, at, {
    callback_type: 'ON_SUCCESS',
    event_name: 'HANDOFF',
    ...(connected && {
      institution: institutionBody(connected.institution),
      accounts: accountNames(connected.accounts),
    }),
  });
}

/** LINK_DELIVERY / DELIVERY_STATUS. */
export function deliveryStatus(
  linkToken: LinkTokenRecord,
  at: number,
  method: DeliveryMethod,
  fails: boolean,
) {
  return {
    ...linkDelivery(linkToken, at),
    webhook_code: 'DELIVERY_STATUS',
    link_delivery_metadata: {
      communication_method: method,
      delivery_status: fails ? 'FAILURE' : 'SUCCESS',
    },
  };
}

/** ITEM / ERROR. */
export function itemError(item: ItemRecord, environment: PlaidEnvironment, error: ErrorName) {
  return { ...itemWebhook(item, environment, 'ITEM', 'ERROR'), error: webhookError(error) };
}

/** A webhook of an item, with nothing but what they all have. */
export function itemWebhook(
  { itemId }: ItemRecord,
  environment: PlaidEnvironment,
  type: string,
  code: string,
) {
  return { webhook_type: type, webhook_code: code, item_id: itemId, environment };
}

function link({ linkToken, linkSession, environment }: Visit) {
  return {
    webhook_type: 'LINK',
    link_session_id: linkSession.linkSessionId,
    link_token: linkToken.linkToken,
    environment,
  };
}

function linkCallback<T extends object>({ linkToken, linkSession }: Visit, at: number, metadata: T) {
  return {
    ...linkDelivery(linkToken, at),
    webhook_code: 'LINK_CALLBACK',
    link_callback_metadata: {
      ...metadata,
      link_session_id: linkSession.linkSessionId,
      request_id: randomId(15),
    },
  };
}

function linkDelivery({ sessionId }: LinkTokenRecord, at: number) {
  return { webhook_type: 'LINK_DELIVERY', link_delivery_session_id: sessionId, timestamp: iso(at) };
}

/** An error inside a webhook carries its HTTP status, and no request id. */
function webhookError(error: ErrorName) {
  return { ...plaidErrorBody(error), status: 400 };
}
