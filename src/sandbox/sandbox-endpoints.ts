import { invalidInput, invalidRequest, ApiError } from './api-error';
import type { Body, EndpointContext } from './endpoint-context';
import { findInstitution } from './institutions';
import {
  readRequest,
  sandboxFireWebhookSchema,
  sandboxPublicTokenCreateSchema,
  sandboxResetLoginSchema,
} from './request-schemas';

/*
 * Plaid's own endpoints for tests, `/sandbox/*`: in its Sandbox environment only.
 */

/** `/sandbox/public_token/create`: a public token without a Link session. */
export function createSandboxPublicToken(context: EndpointContext, body: Body) {
  refuseElsewhere(context);
  const request = readRequest(sandboxPublicTokenCreateSchema, body);
  const institution = findInstitution(request.institution_id);
  if (!institution) {
    throw invalidInput('INVALID_INSTITUTION', `institution ${request.institution_id} is not known`);
  }
  const { publicToken } = context.state.items.issuePublicToken(
    { sessionId: '', webhookUrl: request.options?.webhook },
    { institution, accounts: institution.accounts },
  );
  return { public_token: publicToken };
}

/** `/sandbox/item/reset_login`: the item's person has to sign in again. */
export function resetLogin(context: EndpointContext, body: Body) {
  refuseElsewhere(context);
  const { access_token: accessToken } = readRequest(sandboxResetLoginSchema, body);
  context.itemWebhooks.requireLogin(context.state.items.live(accessToken));
  return { reset_login: true };
}

/** `/sandbox/item/fire_webhook`. It knows neither LINK nor LINK_DELIVERY webhooks, as at Plaid. */
export function fireWebhook(context: EndpointContext, body: Body) {
  refuseElsewhere(context);
  const request = readRequest(sandboxFireWebhookSchema, body);
  const item = context.state.items.live(request.access_token);
  const fired = context.itemWebhooks.fire(item, request.webhook_type ?? 'ITEM', request.webhook_code);
  if (!fired) throw new ApiError('SANDBOX_ERROR', 'SANDBOX_WEBHOOK_INVALID', 'the item has no webhook');
  return { webhook_fired: true };
}

function refuseElsewhere({ state }: EndpointContext): void {
  if (state.environment !== 'sandbox') {
    throw invalidRequest('SANDBOX_ONLY', 'this endpoint is only available in the sandbox environment');
  }
}
