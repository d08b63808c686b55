/*
 * The rules of one Hosted Link session, as pure values and functions. Workflows, activities, the client and the vault
 * share this file; it imports nothing, so it is safe inside the Temporal sandbox.
 */

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

/** The Plaid API that serves a session: `/link_delivery/*`, or `/link/token/*` with `hosted_link`. */
export const LINK_APIS = ['link_delivery', 'hosted_link'] as const;
export type LinkApiName = (typeof LINK_APIS)[number];

/** Plaid environments (hosts) that a deployment can serve. */
export const PLAID_ENVIRONMENTS = ['sandbox', 'development', 'production'] as const;
export type PlaidEnvironment = (typeof PLAID_ENVIRONMENTS)[number];

/** How Plaid itself sends the link to the person. */
export type DeliveryMethod = 'SMS' | 'EMAIL';

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

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The shortest wait between two gets, in milliseconds: 5 s. */
export const MIN_GET_DELAY_MS = 5 * SECOND;

/**
 * How long hints are gathered, in milliseconds: 2 s. A session does so after each get that a hint led to, which bounds the events
 * of one that is hinted all the time; the receiver does so after each signal, since the session would only wait with the next.
 */
export const GATHER_HINTS_MS = 2 * SECOND;

/** What a session's course depends on, of the Plaid API that serves it. */
export interface LinkApiRules {
  /** The longest wait between two gets, in milliseconds. */
  maxGetDelayMs: number;
  /** How long after its expiration a session is still asked for, in milliseconds: clocks differ, people finish late. */
  graceMs: number;
  /** Whether a link token is made first, and the session of it. Else one call makes both, and only its answer has the URL. */
  takesLinkToken: boolean;
  /** Whether Plaid makes the item by itself when the person finishes. Else nothing is made until a token is exchanged. */
  makesItems: boolean;
}

export const LINK_API_RULES: Record<LinkApiName, LinkApiRules> = {
  /** It hands out access tokens, which do not expire, so that a long wait only delays the news; it says EXPIRED itself. */
  link_delivery: {
    maxGetDelayMs: 15 * MINUTE,
    graceMs: 2 * MINUTE,
    takesLinkToken: true,
    makesItems: true,
  },
  /**
   * It hands out public tokens, which live 30 minutes; Plaid's webhook retries leave that window after 10.5. A person who opened
   * the link in time may be 30 minutes inside the flow (plaid.com/docs, 2026-03).
   */
  hosted_link: { maxGetDelayMs: 5 * MINUTE, graceMs: 32 * MINUTE, takesLinkToken: false, makesItems: false },
};

/**
 * How long the last get is repeated while it fails, in milliseconds: 6 h, for which Plaid keeps a finished session's data
 * (plaid.com/docs/api/link, 2026-03).
 */
export const LAST_GET_PATIENCE_MS = 6 * HOUR;

/** The longest life of a hosted URL, in milliseconds: 21 days (`url_lifetime_seconds`, Plaid API 1.697.4). */
export const MAX_LIFETIME_MS = 21 * DAY;

/** How long Plaid keeps a link alive by default, in milliseconds: 24 h sent by SMS, 7 days by e-mail, else a link token's 4 h. */
export function defaultLifetimeMs(delivery: DeliveryMethod | undefined): number {
  if (delivery === 'SMS') return DAY;
  if (delivery === 'EMAIL') return 7 * DAY;
  return 4 * HOUR;
}

/** What {@link nextGetDelayMs} needs to know; all times in milliseconds. */
export interface GetSchedule {
  /** Time since the session last changed, or since a hint. Below 0 counts as 0. */
  sinceChangeMs: number;
  /** Time left until the deadline. The wait never passes it. */
  untilDeadlineMs: number;
  /** The longest wait, from {@link MAX_GET_DELAY_MS}. */
  maxDelayMs: number;
  /** A number in [0, 1) that spreads the gets of many sessions over time. */
  jitter: number;
}

/**
 * How long to wait before the next get, in whole milliseconds: a tenth of the time since the last change, at least
 * {@link MIN_GET_DELAY_MS}, at most `maxDelayMs`, shortened by up to a tenth by the jitter but not below the floor, and
 * never past the deadline (then it may be shorter than the floor; at least 1).
 */
export function nextGetDelayMs({ sinceChangeMs, untilDeadlineMs, maxDelayMs, jitter }: GetSchedule): number {
  const base = Math.min(Math.max(sinceChangeMs / 10, MIN_GET_DELAY_MS), maxDelayMs);
  const jittered = Math.max(base * (1 - jitter / 10), MIN_GET_DELAY_MS);
  return Math.max(1, Math.round(Math.min(jittered, untilDeadlineMs)));
}

/** A session key: the caller's idempotency key. */
export const SESSION_KEY_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;

/** An item id of Plaid's. No token looks like one. */
export const ITEM_ID_PATTERN = /^(?!(access|public|link)-)[A-Za-z0-9_-]{1,200}$/;

/** What stands for the caller's user id, see `userHash`. */
export const USER_HASH_PATTERN = /^[0-9a-f]{32}$/;

const SESSION_PREFIX = 'hosted-link/';
const EXCHANGE_PREFIX = 'token-exchange/';
const REMOVAL_PREFIX = 'remove-item/';
const CALLBACKS_PREFIX = 'callbacks/';
const FORGETTING_PREFIX = 'forget-user/';

/** Workflow id prefixes that are ours: no caller may name a workflow under them as a target of a notice. */
export const OWN_WORKFLOW_PREFIXES = [
  SESSION_PREFIX,
  EXCHANGE_PREFIX,
  REMOVAL_PREFIX,
  CALLBACKS_PREFIX,
  FORGETTING_PREFIX,
] as const;

/** The workflow id of a session. */
export function sessionWorkflowId(key: string): string {
  return SESSION_PREFIX + key;
}

/** The key of the session with this workflow id. */
export function sessionKeyOf(workflowId: string): string {
  return workflowId.slice(SESSION_PREFIX.length);
}

/** The key of the session with this token exchange's workflow id. */
export function exchangedSessionKeyOf(workflowId: string): string {
  return workflowId.slice(EXCHANGE_PREFIX.length);
}

/** The workflow id of a session's token exchange. */
export function exchangeWorkflowId(key: string): string {
  return EXCHANGE_PREFIX + key;
}

/** The workflow id of the removal of a stored item. */
export function removalWorkflowId(itemId: string): string {
  return REMOVAL_PREFIX + itemId;
}

/** The workflow id of the delivery of a session's callbacks. */
export function callbacksWorkflowId(key: string): string {
  return CALLBACKS_PREFIX + key;
}

/** The workflow id of the forgetting of a person, given by the hash of the user id. */
export function forgettingWorkflowId(userHash: string): string {
  return FORGETTING_PREFIX + userHash;
}

/** The session key of the session, token exchange or callbacks that a workflow is about; undefined of any other workflow. */
export function sessionKeyBehind(workflowId: string): string | undefined {
  const prefix = [SESSION_PREFIX, EXCHANGE_PREFIX, CALLBACKS_PREFIX].find((start) =>
    workflowId.startsWith(start),
  );
  return prefix && workflowId.slice(prefix.length);
}

/** The hash of the user id of the person whom the workflow with this id forgets. */
export function forgottenUserHashOf(workflowId: string): string {
  return workflowId.slice(FORGETTING_PREFIX.length);
}

const LINK_TOKEN_PATTERN = /^link-(sandbox|development|production)-([A-Za-z0-9-]{8,100})$/;

/** A link token taken apart; undefined when `linkToken` is not one. Its id is Plaid's session id and opens the hosted page. */
export function parseLinkToken(linkToken: string): { environment: PlaidEnvironment; id: string } | undefined {
  const match = LINK_TOKEN_PATTERN.exec(linkToken);
  if (!match) return undefined;
  return { environment: match[1] as PlaidEnvironment, id: match[2]! };
}

/** What stands for a person in Temporal's search attributes: the hash of the caller's id, or that id in clear. */
export const USER_ATTRIBUTES = ['hash', 'clear'] as const;
export type UserAttribute = (typeof USER_ATTRIBUTES)[number];

/** Plaid's id of an institution, such as `ins_109508`. */
export const INSTITUTION_ID_PATTERN = /^[A-Za-z0-9_-]{1,100}$/;

/** The task queues of a deployment. */
export const TASK_QUEUES = {
  /** Workflows and vault-only activities. */
  main: 'hosted-link',
  /** Background gets, under the server-side rate limit. */
  plaid: 'hosted-link-plaid',
  /** Creates, hinted gets and exchanges. */
  plaidUrgent: 'hosted-link-plaid-urgent',
} as const;

/** What the encoding of a payload that a worker cannot decode begins with, and so each error that it leads to. */
export const UNDECODABLE = 'undecodable (';

/** Where Plaid itself is to send the link. */
export interface Delivery {
  method: DeliveryMethod;
  /** A phone number in E.164, or an e-mail address. */
  address: string;
  firstName?: string | undefined;
}

/**
 * A request to start a session that has been checked. Exactly one of `linkToken` and `linkTokenRequest` is given: the latter with the
 * link api `hosted_link` and in update mode.
 */
export interface CheckedRequest {
  key: string;
  linkApi: LinkApiName;
  linkToken?: string | undefined;
  /** A body for `/link/token/create`. */
  linkTokenRequest?: Record<string, unknown> | undefined;
  delivery?: Delivery | undefined;
  /** Update mode: the item to be mended. */
  update?: { itemId: string } | undefined;
  /** The caller's id of the person. */
  userId?: string | undefined;
  /** What stands for the person in Temporal's search attributes, in clear: see `UserAttribute`. */
  userAttribute?: string | undefined;
  /** When the link of a given `linkToken` expires, ISO 8601. Default: Plaid's lifetime for the delivery. */
  expiresAt?: string | undefined;
  /** True: accounts that the person has already are linked again. */
  allowDuplicates?: boolean | undefined;
  /** Ids of workflows to signal `linkCompleted` when the session and its exchange have ended. */
  notify: string[];
  /** SHA-256 (hex) of the caller's request, by which a reused key is told from a repeated call. */
  requestDigest: string;
}

/** Plaid could not deliver the link that it was to send. */
export interface DeliveryFailure {
  /** When the session heard of it, ISO 8601. */
  at: string;
  /** How the link was sent; UNKNOWN when Plaid does not say. */
  method: DeliveryMethod | 'UNKNOWN';
}

/** An error of Plaid's or of the way to it, as it may be shown. */
export interface PlaidErrorView {
  /** Plaid's `error_type/error_code`, or `NO_ANSWER/<reason>`, `BAD_ANSWER/<endpoint>`, or `VAULT/<code>` before it was asked. */
  type: string;
  message: string;
  /** Plaid's words for the person, of what they left after. Its text: plain, and to be escaped. */
  displayMessage?: string | undefined;
  requestId?: string | undefined;
  httpStatus?: number | undefined;
  /** Who can mend it: nobody need (transient), nobody can (permanent), an operator, or the person with a new session. */
  class: 'transient' | 'permanent' | 'operator' | 'person';
  /** Whether the failed call may have had an effect at Plaid all the same. */
  effect: 'NONE' | 'UNKNOWN';
}

/** Whether gets succeed. ERRORS: they have failed for five minutes. OPERATOR: they fail until somebody mends it. */
export type Health = { kind: 'OK' } | { kind: 'ERRORS' | 'OPERATOR'; error: PlaidErrorView };

/** The item of a session in update mode. */
export interface ItemMending {
  itemId: string;
  /** ISO 8601; undefined until the session has COMPLETED and Plaid shows no error of the item. */
  mendedAt?: string | undefined;
}

/** The payload of `linkCompleted` to a workflow that the caller named. */
export interface CompletionNotice {
  key: string;
  state: SessionState;
  /** The items whose access tokens are in the vault; in update mode the one that was mended. */
  itemIds: string[];
}

/** The body of a callback over HTTP, as JSON. It holds nothing else. */
export interface CallbackBody extends CompletionNotice {
  linkApi: LinkApiName;
  /** 1 for the first callback of a session. A later one is not sent before an earlier one has been taken or given up. */
  sequence: number;
}

/** PENDING: it waits, or is being sent. DELIVERED: the receiver took it. GIVEN_UP: it did not within three days, or is gone. */
export const CALLBACK_STATES = ['PENDING', 'DELIVERED', 'GIVEN_UP'] as const;
export type CallbackState = (typeof CALLBACK_STATES)[number];

/** A bank, as far as Plaid tells. */
export interface Institution {
  /** Such as `ins_109508`. */
  institutionId?: string | undefined;
  institutionName?: string | undefined;
}

/** One result, as it may be shown, with its institution once that is known. */
export interface ResultView extends Institution {
  resultId: string;
  state: ResultState;
  itemId: string | undefined;
  errorCode: string | undefined;
  /** For Plaid's support. */
  requestIds: string[];
  /** For Plaid's support; with `hosted_link` only. */
  linkSessionId?: string | undefined;
}
