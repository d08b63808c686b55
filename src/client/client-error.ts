import type { PlaidErrorView } from '../domain/views';

/** The error of every failed client operation. `code` is stable and safe to branch on. */
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

/** Creates the error for a key that no session has. */
export function sessionUnknown(key: string): HostedLinkError {
  return new HostedLinkError('SESSION_UNKNOWN', `no session has the key ${key}; check the key, or start it`);
}
