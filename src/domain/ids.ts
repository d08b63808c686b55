/** A session key: the caller's idempotency key. */
export const SESSION_KEY_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;

/** An item id of Plaid's. No token looks like one. */
export const ITEM_ID_PATTERN = /^(?!(access|public|link)-)[A-Za-z0-9_-]{1,200}$/;

/** The format of `userHash`, which replaces the caller's user id. */
export const USER_HASH_PATTERN = /^[0-9a-f]{32}$/;

const SESSION_PREFIX = 'hosted-link/';
const EXCHANGE_PREFIX = 'token-exchange/';
const REMOVAL_PREFIX = 'remove-item/';
const CALLBACKS_PREFIX = 'callbacks/';
const ERASURE_PREFIX = 'erase-user/';

/** Workflow id prefixes that are ours: no caller may name a workflow under them as a target of a notice. */
export const OWN_WORKFLOW_PREFIXES = [
  SESSION_PREFIX,
  EXCHANGE_PREFIX,
  REMOVAL_PREFIX,
  CALLBACKS_PREFIX,
  ERASURE_PREFIX,
] as const;

/** Returns the workflow id of a session. */
export function sessionWorkflowId(key: string): string {
  return SESSION_PREFIX + key;
}

/** Returns the key of the session with this workflow id. */
export function sessionKeyOf(workflowId: string): string {
  return workflowId.slice(SESSION_PREFIX.length);
}

/** Returns the key of the session whose token exchange has this workflow id. */
export function exchangedSessionKeyOf(workflowId: string): string {
  return workflowId.slice(EXCHANGE_PREFIX.length);
}

/** Returns the workflow id of a session's token exchange. */
export function exchangeWorkflowId(key: string): string {
  return EXCHANGE_PREFIX + key;
}

/** Returns the workflow id of the removal of a stored item. */
export function removalWorkflowId(itemId: string): string {
  return REMOVAL_PREFIX + itemId;
}

/** Returns the workflow id of the delivery of a session's callbacks. */
export function callbacksWorkflowId(key: string): string {
  return CALLBACKS_PREFIX + key;
}

/** Returns the workflow id of a user's erasure, given the hash of the user id. */
export function erasureWorkflowId(userHash: string): string {
  return ERASURE_PREFIX + userHash;
}

/** Returns the session key in the workflow id of a session, token exchange or callback delivery; undefined for any other. */
export function sessionKeyBehind(workflowId: string): string | undefined {
  const prefix = [SESSION_PREFIX, EXCHANGE_PREFIX, CALLBACKS_PREFIX].find((start) =>
    workflowId.startsWith(start),
  );
  return prefix && workflowId.slice(prefix.length);
}

/** Returns the hash of the user id in the workflow id of an erasure. */
export function erasedUserHashOf(workflowId: string): string {
  return workflowId.slice(ERASURE_PREFIX.length);
}

/** Plaid's id of an institution, such as `ins_109508`. */
export const INSTITUTION_ID_PATTERN = /^[A-Za-z0-9_-]{1,100}$/;

/** The task queues of a deployment. */
export const TASK_QUEUES = {
  /** Workflows and vault-only activities. */
  main: 'hosted-link',
  /** Background polls, under the server-side rate limit. */
  plaid: 'hosted-link-plaid',
  /** Creates, hinted polls and exchanges. */
  plaidUrgent: 'hosted-link-plaid-urgent',
} as const;
