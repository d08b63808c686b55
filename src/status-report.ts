import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { QueryNotRegisteredError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { sessionUnknown } from './client-error';
import type {
  DeliveryFailure,
  Health,
  ItemMending,
  LinkApiName,
  PlaidErrorView,
  ResultState,
  ResultView,
  SessionState,
} from './session';
import { exchangeWorkflowId, isEndState, sessionWorkflowId } from './session';
import type { VaultRecords } from './vault/vault';
import type { ExchangeView, Notice, SessionView } from './workflows/messages';
import { exchangeStatusQuery, statusQuery } from './workflows/messages';
import { LINK_API_ATTRIBUTE, STATE_ATTRIBUTE } from './workflows/search-attributes';

/** How long a query may take before the answer comes from the server and the vault alone, in milliseconds. */
const QUERY_TIMEOUT_MS = 3_000;

/** The pending watch of a waiting session, or the get that a hint has put in its place. */
export interface WatchReport {
  /** How often Plaid has been asked since the last change, this time included. */
  attempt: number;
  /** What the last get came to, for people. */
  lastAnswer: string | undefined;
  /** ISO 8601; undefined while a get is under way. */
  nextGetAt: string | undefined;
}

/** One result of a session and, once LINKED, its item; with DUPLICATE, the item that the person has already. */
export interface ItemReport {
  state: ResultState;
  itemId: string | undefined;
  institutionName: string | undefined;
  errorCode: string | undefined;
  /** For Plaid's support. */
  requestIds: string[];
  /** For Plaid's support; with `hosted_link` only. */
  linkSessionId: string | undefined;
}

/** All that is known of a session. Holds no token, URL, phone number or e-mail address. Times are ISO 8601. */
export interface StatusReport {
  key: string;
  workflowId: string;
  linkApi: LinkApiName;
  state: SessionState;
  /** What Plaid said last. */
  plaidStatus: string | undefined;
  createdAt: string | undefined;
  /** When state or Plaid's status changed last. */
  changedAt: string | undefined;
  expiresAt: string | undefined;
  health: Health;
  lastError: PlaidErrorView | undefined;
  /** What the person left after, as Plaid said it last. Only a worker knows. */
  exitError: PlaidErrorView | undefined;
  /** Set when Plaid said, by a webhook, that it could not deliver the link that it was to send. Only a worker knows. */
  deliveryFailure: DeliveryFailure | undefined;
  watch: WatchReport | undefined;
  /** The item of a session in update mode, and whether it is mended. Only a worker knows. */
  update: ItemMending | undefined;
  items: ItemReport[];
  /** Whether the workflows that the caller named could be told. */
  notices: Notice[];
  /** Who answered: a worker; the server alone, which knows less; or the vault, when Temporal has forgotten the session. */
  answeredBy: 'worker' | 'server' | 'vault';
}

/**
 * Merges what the workflow, the server and the vault know of a session.
 *
 * @throws HostedLinkError SESSION_UNKNOWN
 */
export async function statusReport(
  key: string,
  temporal: Client,
  vault: VaultRecords | undefined,
): Promise<StatusReport> {
  const handle = temporal.workflow.getHandle(sessionWorkflowId(key));
  const description = await unlessNotFound(handle.describe());
  const exchange = temporal.workflow.getHandle(exchangeWorkflowId(key));
  const [view, exchangeView] = description
    ? await Promise.all([
        answer<SessionView>(temporal, () => handle.query(statusQuery)),
        answer<ExchangeView>(temporal, () => exchange.query(exchangeStatusQuery)),
      ])
    : [undefined, undefined];
  const known = view ?? (description ? fromServer(key, description) : await fromVault(key, vault));
  return {
    key,
    workflowId: handle.workflowId,
    linkApi: known.linkApi,
    ...stateOf(known, description),
    plaidStatus: known.plaidStatus,
    createdAt: known.createdAt,
    changedAt: known.changedAt,
    expiresAt: known.expiresAt,
    health: known.health ?? { kind: 'OK' },
    exitError: known.exitError,
    deliveryFailure: known.deliveryFailure,
    watch: description && watchReport(description),
    update: known.update,
    items: vault ? await itemsFromVault(key, vault) : itemsFromExchange(exchangeView),
    notices: [...(known.notices ?? []), ...(exchangeView?.notices ?? [])],
    answeredBy: view ? 'worker' : description ? 'server' : 'vault',
  };
}

type Known = Pick<SessionView, 'linkApi' | 'state'> & Partial<SessionView>;

function fromServer(key: string, { typedSearchAttributes, startTime }: WorkflowExecutionDescription): Known {
  return {
    key,
    linkApi: (typedSearchAttributes.get(LINK_API_ATTRIBUTE) ?? 'link_delivery') as LinkApiName,
    state: (typedSearchAttributes.get(STATE_ATTRIBUTE) ?? 'CREATING') as SessionState,
    createdAt: startTime.toISOString(),
  };
}

async function fromVault(key: string, vault: VaultRecords | undefined): Promise<Known> {
  const row = await vault?.sessions.get(key);
  if (!row) throw sessionUnknown(key);
  const { linkApi, state, createdAt, endedAt } = row;
  return {
    key,
    linkApi,
    state,
    createdAt: createdAt.toISOString(),
    changedAt: (endedAt ?? createdAt).toISOString(),
  };
}

/** A workflow that was ended from outside cannot say so itself: its session has FAILED. */
function stateOf(
  known: Known,
  description: WorkflowExecutionDescription | undefined,
): Pick<StatusReport, 'state' | 'lastError'> {
  const status = description?.status.name;
  if (!isEndState(known.state) && (status === 'TERMINATED' || status === 'TIMED_OUT')) {
    const message = `the session's workflow was ended from outside (${status}) while it was ${known.state}`;
    return {
      state: 'FAILED',
      lastError: { type: `WORKFLOW/${status}`, message, class: 'permanent', effect: 'UNKNOWN' },
    };
  }
  return { state: known.state, lastError: known.lastError };
}

/** A watch, and the get that a hint puts in its place. */
const GETS: readonly string[] = ['watchSession', 'getSession'];

function watchReport({ raw }: WorkflowExecutionDescription): WatchReport | undefined {
  const pending = raw.pendingActivities?.find(({ activityType }) => GETS.includes(activityType?.name ?? ''));
  if (!pending) return undefined;
  const next = pending.nextAttemptScheduleTime;
  return {
    attempt: pending.attempt ?? 1,
    lastAnswer: pending.lastFailure?.message ?? undefined,
    nextGetAt: next
      ? new Date(Number(next.seconds ?? 0) * 1_000 + (next.nanos ?? 0) / 1e6).toISOString()
      : undefined,
  };
}

async function itemsFromVault(key: string, vault: VaultRecords): Promise<ItemReport[]> {
  const [results, items] = await Promise.all([
    vault.journal.list(key),
    vault.items.list({ sessionKey: key }),
  ]);
  return results.map((result) => ({
    ...itemReport(result),
    institutionName:
      items.find(({ itemId }) => itemId === result.itemId)?.institutionName ?? result.institutionName,
  }));
}

function itemsFromExchange(view: ExchangeView | undefined): ItemReport[] {
  return (view?.results ?? []).map(itemReport);
}

function itemReport({ state, itemId, errorCode, requestIds, linkSessionId }: ResultView): ItemReport {
  return { state, itemId, institutionName: undefined, errorCode, requestIds, linkSessionId };
}

/**
 * A query's answer, or undefined when no worker gives one in time. The server has several codes for that, by when the worker
 * was lost and whose deadline came first; that the server itself can be reached, `describe` has just shown.
 */
async function answer<T>(temporal: Client, query: () => Promise<T>): Promise<T | undefined> {
  try {
    return await temporal.withDeadline(Date.now() + QUERY_TIMEOUT_MS, query);
  } catch (error) {
    if (NO_ANSWER.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

const NO_ANSWER = [ServiceError, WorkflowNotFoundError, QueryNotRegisteredError] as const;

async function unlessNotFound<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
