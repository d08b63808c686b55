/** The Plaid endpoints that hosted-link calls. */
export const PLAID_ENDPOINTS = [
  '/link/token/create',
  '/link/token/get',
  '/link_delivery/create',
  '/link_delivery/get',
  '/item/public_token/exchange',
  '/item/get',
  '/item/remove',
  '/item/webhook/update',
  '/webhook_verification_key/get',
] as const;
export type PlaidEndpoint = (typeof PLAID_ENDPOINTS)[number];

/** How a call came out: well, without an answer, with one that cannot be read, or with Plaid's own error, by its class. */
export const PLAID_CALL_RESULTS = [
  'ok',
  'no_answer',
  'bad_answer',
  'rate_limited',
  'transient',
  'permanent',
  'operator',
  'person',
] as const;
export type PlaidCallResult = (typeof PLAID_CALL_RESULTS)[number];
