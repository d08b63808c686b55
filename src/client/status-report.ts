import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { QueryNotRegisteredError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { exchangeWorkflowId, sessionWorkflowId } from '../domain/ids';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { SessionState } from '../domain/states';
import { isEndState } from '../domain/states';
import type { ResultView } from '../domain/views';
import type { CallbackRow, SessionRow } from '../vault/stores/stores';
import type { VaultRecords } from '../vault/vault';
import type { ExchangeView, SessionView } from '../workflows/messages';
import { exchangeStatusQuery, statusQuery } from '../workflows/messages';
import { PLAID_FLOW_ATTRIBUTE, STATE_ATTRIBUTE } from '../workflows/search-attributes';
import { sessionUnknown } from './client-error';
import { nextStepFor } from './next-step';
import type { CallbackReport, ResultReport, StatusFacts, StatusReport, WatchReport } from './status';

/** How long a query may take before the answer comes from the server and the vault alone, in milliseconds. */
const QUERY_TIMEOUT_MS = 3_000;

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
  const { workflowId, row, description, view, exchangeView } = await askAll(key, temporal, vault);
  const known = view ?? (description ? fromServer(key, description) : fromVault(row));
  if (!known) throw sessionUnknown(key);
  const { state, lastError } = stateOf(known, description);
  const status: StatusFacts = {
    key,
    workflowId,
    plaidFlow: known.plaidFlow,
    state,
    lastError,
    plaidStatus: known.plaidStatus,
    createdAt: known.createdAt,
    changedAt: known.changedAt,
    expiresAt: known.expiresAt,
    health: known.health ?? { kind: 'OK' },
    exitError: known.exitError,
    deliveryFailure: known.deliveryFailure,
    // The server keeps showing the watch of a session that a hint ended as pending.
    watch: description && !isEndState(state) ? watchReport(description) : undefined,
    update: known.update,
    results: vault ? await resultsFromVault(key, vault) : resultsFromExchange(exchangeView),
    notices: [...(known.notices ?? []), ...(exchangeView?.notices ?? [])],
    callbacks: vault ? (await vault.callbacks.list({ key })).map(callbackReport) : [],
    answeredBy: view ? 'worker' : description ? 'server' : 'vault',
  };
  return { ...status, ...nextStepFor(status) };
}

/** Asks the vault, the server and a worker. A part that does not know the session, or does not answer, is undefined. */
async function askAll(key: string, temporal: Client, vault: VaultRecords | undefined) {
  const handle = temporal.workflow.getHandle(sessionWorkflowId(key));
  const { workflowId } = handle;
  const row = await vault?.sessions.get(key);
  const found = await unlessNotFound(handle.describe());
  // A later workflow with the key was refused because of the earlier session, which only the vault remembers.
  const description = row && found && row.firstRunId !== firstRunIdOf(found) ? undefined : found;
  if (!description) return { workflowId, row };
  const exchange = temporal.workflow.getHandle(exchangeWorkflowId(key));
  const [view, exchangeView] = await Promise.all([
    answer<SessionView>(temporal, () => handle.query(statusQuery)),
    answer<ExchangeView>(temporal, () => exchange.query(exchangeStatusQuery)),
  ]);
  return { workflowId, row, description, view, exchangeView };
}

type Known = Pick<SessionView, 'plaidFlow' | 'state'> & Partial<SessionView>;

function fromServer(key: string, { typedSearchAttributes, startTime }: WorkflowExecutionDescription): Known {
  return {
    key,
    plaidFlow: (typedSearchAttributes.get(PLAID_FLOW_ATTRIBUTE) ?? 'link_delivery') as PlaidFlow,
    state: (typedSearchAttributes.get(STATE_ATTRIBUTE) ?? 'CREATING') as SessionState,
    createdAt: startTime.toISOString(),
  };
}

function fromVault(row: SessionRow | undefined): Known | undefined {
  if (!row) return undefined;
  const { key, plaidFlow, state, createdAt, endedAt } = row;
  return {
    key,
    plaidFlow,
    state,
    createdAt: createdAt.toISOString(),
    changedAt: (endedAt ?? createdAt).toISOString(),
  };
}

/** A session whose workflow was ended from outside, or is forgotten, cannot say so itself: it has FAILED, unless its end is known. */
function stateOf(
  known: Known,
  description: WorkflowExecutionDescription | undefined,
): Pick<StatusReport, 'state' | 'lastError'> {
  const state = known.endedBefore ?? known.state;
  const gone = known.endedBefore || !description ? 'FORGOTTEN' : outsideEndOf(description);
  if (isEndState(state) || !gone) return { state, lastError: known.lastError };
  const message =
    gone === 'FORGOTTEN'
      ? `Temporal has forgotten the session's workflow, which was ${state} when it was known last`
      : `the session's workflow was ended from outside (${gone}) while it was ${state}`;
  return {
    state: 'FAILED',
    lastError: { type: `WORKFLOW/${gone}`, message, class: 'permanent', effect: 'UNKNOWN' },
  };
}

function outsideEndOf({ status: { name } }: WorkflowExecutionDescription): string | undefined {
  return name === 'TERMINATED' || name === 'TIMED_OUT' ? name : undefined;
}

function firstRunIdOf({ raw }: WorkflowExecutionDescription): string | null | undefined {
  return raw.workflowExecutionInfo?.firstRunId;
}

/** The get that a hint asks for, and the watch that it was asked beside. */
const GETS = ['getSession', 'watchSession'];

function watchReport({ raw }: WorkflowExecutionDescription): WatchReport | undefined {
  const pendingGet = (name: string) =>
    raw.pendingActivities?.find(({ activityType }) => activityType?.name === name);
  const pending = GETS.map(pendingGet).find((one) => one);
  if (!pending) return undefined;
  const next = pending.nextAttemptScheduleTime;
  return {
    attempt: pending.attempt ?? 1,
    lastAnswer: pending.lastFailure?.message ?? undefined,
    nextPollAt: next
      ? new Date(Number(next.seconds ?? 0) * 1_000 + (next.nanos ?? 0) / 1e6).toISOString()
      : undefined,
  };
}

async function resultsFromVault(key: string, vault: VaultRecords): Promise<ResultReport[]> {
  const [results, items] = await Promise.all([
    vault.results.list(key),
    vault.items.list({ sessionKey: key }),
  ]);
  const reports = results.map((result) => ({
    ...itemReport(result),
    institutionName:
      items.find(({ itemId }) => itemId === result.itemId)?.institutionName ?? result.institutionName,
  }));
  // Of a session whose time is over the results are gone, and its items stay.
  const others = items.filter(({ itemId }) => !results.some((result) => result.itemId === itemId));
  return [
    ...reports,
    ...others.map(({ itemId, institutionName, removedAt }): ResultReport => ({
      state: removedAt ? 'REMOVED' : 'LINKED',
      itemId,
      institutionName,
      errorCode: undefined,
      requestIds: [],
      linkSessionId: undefined,
    })),
  ];
}

function resultsFromExchange(view: ExchangeView | undefined): ResultReport[] {
  return (view?.results ?? []).map(itemReport);
}

function itemReport(result: ResultView): ResultReport {
  const { state, itemId, institutionName, errorCode, requestIds, linkSessionId } = result;
  return { state, itemId, institutionName, errorCode, requestIds, linkSessionId };
}

function callbackReport({ sequence, callbackState, answer, queuedAt, endedAt }: CallbackRow): CallbackReport {
  return {
    sequence,
    state: callbackState,
    answer,
    queuedAt: queuedAt.toISOString(),
    endedAt: endedAt?.toISOString(),
  };
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
