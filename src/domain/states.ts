/** Plaid's statuses of a session. Plaid may add others: an unknown status is passed on unchanged and never ends a session. */
export const SESSION_STATUSES = ['CREATED', 'OPENED', 'EXITED', 'COMPLETED', 'EXPIRED'] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** The states of a session workflow. */
export const SESSION_STATES = [
  'CREATING',
  'WAITING',
  'COMPLETED',
  'EXPIRED',
  'CANCELLING',
  'CANCELLED',
  'FAILED',
  'DELIVERY_UNCERTAIN',
] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** From each state, the states that may follow. A state without any is an end state. */
const NEXT_STATES: Record<SessionState, readonly SessionState[]> = {
  CREATING: ['WAITING', 'CANCELLED', 'FAILED', 'DELIVERY_UNCERTAIN'],
  WAITING: ['COMPLETED', 'EXPIRED', 'CANCELLING', 'FAILED', 'DELIVERY_UNCERTAIN'],
  CANCELLING: ['CANCELLED', 'FAILED'],
  COMPLETED: [],
  EXPIRED: [],
  CANCELLED: [],
  FAILED: [],
  DELIVERY_UNCERTAIN: [],
};

/** Returns true when no state follows `state`. */
export function isEndState(state: SessionState): boolean {
  return NEXT_STATES[state].length === 0;
}

/** Returns true when `to` may follow `from`. */
export function mayFollow(from: SessionState, to: SessionState): boolean {
  return NEXT_STATES[from].includes(to);
}

/**
 * The states of one result, which is one token that Plaid handed out. All but PENDING end it.
 * PENDING: seen, not yet an item. LINKED: its access token is stored. DUPLICATE: the person has already linked this account.
 * EXPIRED: the public token died unexchanged. UNCERTAIN: Plaid may have created an item; only Plaid's support can find out.
 * FAILED: Plaid refused it for good. REMOVED: the item was removed again, because its session was cancelled or on request.
 */
export const RESULT_STATES = [
  'PENDING',
  'LINKED',
  'DUPLICATE',
  'EXPIRED',
  'UNCERTAIN',
  'FAILED',
  'REMOVED',
] as const;
export type ResultState = (typeof RESULT_STATES)[number];

/**
 * The states of a callback. PENDING: not delivered yet. DELIVERED: the receiver accepted it.
 * GIVEN_UP: it was not accepted within three days, the receiver answered 410, or the delivery was cancelled.
 */
export const CALLBACK_STATES = ['PENDING', 'DELIVERED', 'GIVEN_UP'] as const;
export type CallbackState = (typeof CALLBACK_STATES)[number];
