/** What Plaid says of a session. Plaid may add others; an unknown one is kept as it is and is never an end. */
export const SESSION_STATUSES = ['CREATED', 'OPENED', 'EXITED', 'COMPLETED', 'EXPIRED'] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** What we say of a session. */
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

/** From each state, the states that may follow. A state that none may follow is an end. */
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

/** True when nothing follows `state`. */
export function isEndState(state: SessionState): boolean {
  return NEXT_STATES[state].length === 0;
}

/** True when `to` may follow `from`. */
export function mayFollow(from: SessionState, to: SessionState): boolean {
  return NEXT_STATES[from].includes(to);
}

/**
 * The end of one result of a session (one token that Plaid handed out), and the two states before it.
 * PENDING: seen, not yet an item. LINKED: its access token is stored. DUPLICATE: the person has this account already.
 * EXPIRED: the public token died unexchanged. UNCERTAIN: Plaid may have made an item, and no one can tell from here.
 * FAILED: Plaid refused it for good. REMOVED: the item was removed again: its session was cancelled, or somebody asked for it.
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

/** PENDING: it waits, or is being sent. DELIVERED: the receiver took it. GIVEN_UP: it did not within three days, or is gone. */
export const CALLBACK_STATES = ['PENDING', 'DELIVERED', 'GIVEN_UP'] as const;
export type CallbackState = (typeof CALLBACK_STATES)[number];
