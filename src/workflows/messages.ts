import type { QueryDefinition, SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { SESSION_KEY_PATTERN } from '../domain/ids';
import { PLAID_FLOWS } from '../domain/plaid-flow';
import type { StartRequest } from '../activities/check-request';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { CheckedRequest } from '../domain/start-request';
import type { SessionState } from '../domain/states';
import type { DeliveryFailure, Health, ItemUpdateResult, PlaidErrorView, ResultView } from '../domain/views';

/** The input of `hostedLinkSession`. */
export interface SessionInput extends CheckedRequest {
  /** The workflow that started the session as its child, to be told of the link and of the end. */
  parentId?: string | undefined;
  /** Set by the workflow itself when it continues as new. */
  resumed?: ResumedSession | undefined;
}

/** The input of `hostedLinkSession` from who cannot check a request, such as another workflow: the session checks it first. */
export interface UncheckedInput {
  request: StartRequest;
}

/** A session that exists at Plaid, or may. */
export interface Created {
  /** Undefined when a create that sends lost its answer: the session, and the message, may exist or not. */
  url: string | undefined;
  plaidSessionId: string;
  /** Hash of `plaidSessionId`, safe to show. */
  plaidSessionHash: string | undefined;
  /** ISO 8601. */
  expiresAt: string;
  /** The error after which nobody knows whether Plaid sent the message. */
  uncertain: PlaidErrorView | undefined;
}

/** What a run hands to the run that continues it. */
export interface ResumedSession {
  view: SessionView;
  created: Created;
  cancelRequested: boolean;
}

/** The answer to `start`. */
export interface Link {
  /** The hosted URL. Undefined when Plaid sent the link itself and its answer was lost. */
  url: string | undefined;
  /** ISO 8601. */
  expiresAt: string;
  requestDigest: string;
}

/** What is known of a session. Holds no token, URL, phone number or e-mail address. All times are ISO 8601. */
export interface SessionView {
  key: string;
  plaidFlow: PlaidFlow;
  state: SessionState;
  /** What Plaid said last; a string that Plaid added later stands as it came. Undefined before the session exists. */
  plaidStatus: string | undefined;
  createdAt: string;
  /** When `state` or `plaidStatus` changed last. */
  changedAt: string;
  expiresAt: string | undefined;
  health: Health;
  /** The error that ended the session, or the last one that gets met. */
  lastError: PlaidErrorView | undefined;
  /** Whether Plaid said that it could not deliver the link: the first time that it did. */
  deliveryFailure?: DeliveryFailure | undefined;
  /** What the person left after, as Plaid said it last. */
  exitError?: PlaidErrorView | undefined;
  /** How many results Plaid has shown. In update mode none counts. */
  results: number;
  /** Update mode: the item, and when Plaid was seen to have no error of it any more. */
  update?: ItemUpdateResult | undefined;
  exchangeStarted: boolean;
  /** Set when the key stands for an earlier session, whose workflow Temporal has forgotten: the last known state of that. */
  endedBefore?: SessionState | undefined;
  notices: Notice[];
}

/** A workflow that the caller named, and whether it could be told. GONE: it does not run. UNREACHED: signals failed for an hour. */
export interface Notice {
  workflowId: string;
  outcome: 'SIGNALLED' | 'GONE' | 'UNREACHED';
}

/** The input of `tokenExchange`. */
export interface ExchangeInput {
  key: string;
  notify: string[];
  plaidFlow: PlaidFlow;
  /** True: public tokens are exchanged also for accounts that the person has already. */
  allowDuplicates?: boolean | undefined;
  /** True: there is something to look at in the vault. Else the exchange waits for its first signal. Default false. */
  startImmediately?: boolean | undefined;
}

/** What is known of a token exchange. */
export interface ExchangeView {
  key: string;
  results: ResultView[];
  notices: Notice[];
}

/** The payload of `linkCompleted` to a token exchange: look at the vault again. */
export interface LinkCompleted {
  /** True when no result follows. */
  last: boolean;
  /** The session's end state, with `last`. */
  state?: SessionState | undefined;
  /** How many results the session knows of; an exchange that has seen them need not look. Undefined from who does not know. */
  results?: number | undefined;
}

/**
 * True for what has the form of a completion: anybody who may signal a workflow can send something else. A state that a later
 * version has added counts.
 */
export function isLinkCompleted(value: unknown): value is LinkCompleted {
  if (typeof value !== 'object' || value === null) return false;
  const { last, state, results } = value as Partial<Record<keyof LinkCompleted, unknown>>;
  return (
    typeof last === 'boolean' &&
    (results === undefined || Number.isSafeInteger(results)) &&
    (state === undefined || (typeof state === 'string' && /^[A-Z_]{1,40}$/.test(state)))
  );
}

/**
 * True for what a session can be run with: anybody who may start a workflow can give it something else, and what it cannot work
 * with would stop it for good.
 */
export function isSessionInput(value: unknown): value is SessionInput {
  if (!isExchangeInput(value)) return false;
  const { plaidFlow, linkToken, linkTokenRequest, delivery, update, userId, expiresAt, requestDigest } =
    value as Partial<Record<keyof SessionInput, unknown>>;
  return (
    PLAID_FLOWS.some((name) => name === plaidFlow) &&
    isText(requestDigest) &&
    isAbsentOr(isText, linkToken) &&
    isAbsentOr(isText, userId) &&
    isAbsentOr((request) => typeof request === 'object' && !Array.isArray(request), linkTokenRequest) &&
    isAbsentOr(({ method, address }) => isText(method) && isText(address), delivery) &&
    isAbsentOr(({ itemId }) => isText(itemId), update) &&
    isAbsentOr((time) => isText(time) && !Number.isNaN(Date.parse(time)), expiresAt)
  );
}

/** As {@link isSessionInput}, for a token exchange. */
export function isExchangeInput(value: unknown): value is ExchangeInput {
  if (typeof value !== 'object' || value === null) return false;
  const { key, notify, plaidFlow } = value as Partial<Record<keyof ExchangeInput, unknown>>;
  return (
    PLAID_FLOWS.some((name) => name === plaidFlow) &&
    isText(key) &&
    SESSION_KEY_PATTERN.test(key) &&
    Array.isArray(notify) &&
    notify.every(isText)
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** @param isSound is given anything but null and undefined */
function isAbsentOr(isSound: (value: Record<string, unknown>) => boolean, value: unknown): boolean {
  return value === undefined || (value !== null && isSound(value as Record<string, unknown>));
}

/** The payload of `linkReady`. Encrypted by hosted-link's codec; the URL is as good as a login. */
export interface LinkReady {
  key: string;
  /** The hosted URL to open for the person. Undefined when Plaid sent the link itself and its answer was lost. */
  url: string | undefined;
  /** ISO 8601. */
  expiresAt: string;
}

// What `defineSignal`, `defineUpdate` and `defineQuery` return. Clients load this file too, without @temporalio/workflow.
const signal = <Args extends unknown[] = []>(name: string) =>
  ({ type: 'signal', name }) as SignalDefinition<Args>;
const update = <Result>(name: string) => ({ type: 'update', name }) as UpdateDefinition<Result>;
const query = <Result>(name: string) => ({ type: 'query', name }) as QueryDefinition<Result>;

/** Signals the link to the parent of a session that was started as a child. */
export const linkReadySignal = signal<[LinkReady]>('linkReady');

/** Waits until the hosted URL is there. Throws what made the create fail. */
export const linkUpdate = update<Link>('link');
/** A hint: get now. */
export const checkNowSignal = signal('checkNow');
/** Plaid could not deliver the link. No get would tell, so the session only keeps it, for its status. */
export const deliveryFailedSignal = signal<[DeliveryFailure['method']]>('deliveryFailed');
/** The session's view. */
export const statusQuery = query<SessionView>('status');
/** The exchange's view. */
export const exchangeStatusQuery = query<ExchangeView>('status');
/** A completion. */
export const completionSignal = signal<[LinkCompleted]>('linkCompleted');
/** There is a callback to deliver. */
export const callbackQueuedSignal = signal('callbackQueued');
/** Send what is PENDING now, whenever its next attempt was due. */
export const retryCallbacksSignal = signal('retryCallbacks');
