import type { PlaidErrorView } from '../domain/views';

/** What can go wrong with a session, as far as its caller is concerned. `code` is stable. */
export class HostedLinkError extends Error {
  constructor(
    readonly code:
      | 'KEY_REUSED'
      | 'CREATE_FAILED'
      | 'DELIVERY_UNCERTAIN'
      | 'START_TIMEOUT'
      | 'SESSION_UNKNOWN'
      | 'SESSION_ENDED'
      | 'ITEM_UNKNOWN'
      | 'ITEM_REMOVED'
      | 'REMOVE_FAILED'
      | 'REMOVE_TIMEOUT'
      | 'CALLBACK_UNKNOWN',
    message: string,
    /** Plaid's error, with CREATE_FAILED, DELIVERY_UNCERTAIN and REMOVE_FAILED. */
    readonly plaidError?: PlaidErrorView,
  ) {
    super(message);
    this.name = 'HostedLinkError';
  }
}

/** No session has this key. */
export function sessionUnknown(key: string): HostedLinkError {
  return new HostedLinkError('SESSION_UNKNOWN', `no session has the key ${key}; check the key, or start it`);
}
