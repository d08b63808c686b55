import { classify, type ErrorClass } from '../../plaid/error-classes';
import { PlaidApiError } from '../../plaid/errors';
import { exchangePending } from '../../client/resume-exchange';
import { exchangedSessionKeyOf, exchangeWorkflowId, sessionWorkflowId } from '../../domain/ids';
import { isEndState } from '../../domain/states';
import type { ResultView } from '../../domain/views';
import type { PlaidFlow } from '../../domain/plaid-flow';
import type { SessionState } from '../../domain/states';
import type { LostResult, ResultRow } from '../../vault';
import { PLAID_FLOW_ATTRIBUTE } from '../../workflows/search-attributes';
import { pagesOf, type ReconcileContext } from './context';
import type { Discrepancy } from './discrepancy';
import {
  endOf,
  type ListedWorkflow,
  listWorkflows,
  recordedResults,
  recordedSession,
  recordedStateOf,
  unlessUnreadable,
} from './workflow-records';

/** The error code of a result whose item the vault lost when it was restored. */
const LOST_IN_RESTORE = 'LOST_IN_RESTORE';

/** Holds what each token exchange knows of its results against the exchange journal and the stored items. */
export async function* checkExchangeWorkflows(context: ReconcileContext): AsyncGenerator<Discrepancy> {
  for await (const workflow of listWorkflows(context.temporal, 'tokenExchange'))
    yield* unlessUnreadable(workflow, () => checkExchange(workflow, context));
}

/** Finds results that are PENDING, and that no workflow will bring to their end. */
export async function* checkPendingResults(context: ReconcileContext): AsyncGenerator<Discrepancy> {
  const { vault } = context;
  const seen = new Set<string>();
  const pages = pagesOf(
    (page) => vault.results.find({ state: 'PENDING', ...page }),
    ({ resultId }) => resultId,
  );
  for await (const results of pages) {
    for (const result of results) {
      if (seen.has(result.sessionKey)) continue;
      seen.add(result.sessionKey);
      yield* pendingWithoutWorkflow(result, context);
    }
  }
}

async function* checkExchange(
  workflow: ListedWorkflow,
  context: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  const session = await exchangedSession(exchangedSessionKeyOf(workflow.workflowId), context);
  if (!session) return;
  const known = await recordedResults(workflow, context.temporal);
  const rows = new Map((await context.vault.results.list(session.key)).map((row) => [row.resultId, row]));
  for (const result of known) {
    const row = rows.get(result.resultId);
    if (row && row.state !== 'PENDING') continue;
    if (result.state === 'LINKED' && result.itemId !== undefined)
      yield* lostItem({ ...result, itemId: result.itemId }, row, session, context);
    else if (row) yield* missedEnd(result, session, context);
    else if (result.state === 'PENDING' || result.state === 'UNCERTAIN')
      yield* lostResult(result, session, context);
  }
}

/** A session as far as the check of its results needs it. */
interface ExchangedSession {
  key: string;
  plaidFlow: PlaidFlow;
  state: SessionState;
  /** Whether its results can be repaired: their session must have its row. */
  fix: boolean;
}

/** Undefined when it has been purged, and its results with it. */
async function exchangedSession(
  key: string,
  { temporal, vault, fix }: ReconcileContext,
): Promise<ExchangedSession | undefined> {
  const row = await vault.sessions.get(key);
  if (row) return row.purgedAt ? undefined : { ...row, fix };
  // Its row is lost too, and not made again before it is asked for, or cannot be.
  const standing = await recordedStateOf(sessionWorkflowId(key), temporal);
  const plaidFlow = standing?.typedSearchAttributes.get(PLAID_FLOW_ATTRIBUTE) as PlaidFlow | undefined;
  const state = (standing && endOf(standing)?.state) ?? 'CREATING';
  return { key, plaidFlow: plaidFlow ?? 'hosted_link', state, fix: false };
}

/** Temporal knows that an item was linked. */
async function* lostItem(
  result: ResultView & { itemId: string },
  row: ResultRow | undefined,
  session: ExchangedSession,
  context: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  const { vault } = context;
  const { itemId, resultId } = result;
  const { key, fix } = session;
  // Its sealed access token is there: the exchange only has to run again.
  if (row?.kind === 'access_token') return;
  if (await vault.items.get(itemId)) return;
  const recovered = fix && (await askAgain(resultId, session, context));
  if (fix && !recovered) await vault.repairs.restoreResult(uncertain(result, session, itemId));
  const support = `have Plaid's support remove it, end the result by \`hosted-link results resolve ${resultId} --removed\`, and only then let the person link again`;
  yield {
    kind: 'ITEM_LOST',
    sessionKey: key,
    itemId,
    resultId,
    message: `item ${itemId} of session ${key} was linked, and the vault has lost it with its access token`,
    remedy: recovered
      ? 'Plaid has shown its access token again: with a worker it is stored'
      : fix
        ? `it cannot be got back, and its result is UNCERTAIN now: ${support}`
        : session.plaidFlow === 'link_delivery'
          ? 'with --fix Plaid is asked for its access token again; if it shows none, the result is recorded as UNCERTAIN'
          : `with --fix its result is recorded as UNCERTAIN, so that its public token is not exchanged again; it cannot be got back: ${support}`,
    repaired: fix,
  };
}

/** Temporal knows how a result ended that the vault has as PENDING. */
async function* missedEnd(
  result: ResultView,
  session: ExchangedSession,
  { vault }: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  const { resultId, state } = result;
  const { fix } = session;
  // What is a duplicate is found again; and a running exchange may have told since.
  if (!isMissedEnd(state) || (await vault.results.get(resultId))?.state !== 'PENDING') return;
  if (fix) await vault.repairs.restoreResult({ ...uncertain(result, session), state });
  yield {
    kind: 'RESULT_END_MISSED',
    sessionKey: session.key,
    resultId,
    message: `result ${resultId} of session ${session.key} is PENDING in the vault, and has ended: ${state}`,
    remedy: fix
      ? 'its end is on record'
      : 'with --fix its end is recorded, so that its token is not used again',
    repaired: fix,
  };
}

/** Temporal knows of a result, and cannot tell what came of it. */
async function* lostResult(
  result: ResultView,
  session: ExchangedSession,
  context: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  const { vault } = context;
  const { resultId, state } = result;
  const { key, fix } = session;
  // The journal is written before the exchange hears of it.
  if (await vault.results.get(resultId)) return;
  const recovered = fix && state === 'PENDING' && (await askAgain(resultId, session, context));
  if (fix && !recovered) await vault.repairs.restoreResult(uncertain(result, session));
  yield {
    kind: 'RESULT_LOST',
    sessionKey: key,
    resultId,
    message: `result ${resultId} of session ${key} is ${state} at Temporal, and the vault has lost it`,
    remedy: recovered
      ? 'Plaid has shown its access token again: with a worker its item is stored'
      : fix
        ? "it is UNCERTAIN now, since an item may have been made of it: see `hosted-link results show`, and ask Plaid's support"
        : 'with --fix it is asked for again, or recorded as UNCERTAIN, so that its public token is not exchanged again',
    repaired: fix,
  };
}

async function* pendingWithoutWorkflow(
  { resultId, sessionKey: key }: ResultRow,
  { temporal, vault, fix }: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  const workflows = [sessionWorkflowId(key), exchangeWorkflowId(key)];
  const standings = await Promise.all(workflows.map((id) => recordedStateOf(id, temporal)));
  if (standings.some((standing) => standing && endOf(standing) === undefined)) return;
  // The exchange may have ended in between.
  if ((await vault.results.get(resultId))?.state !== 'PENDING') return;
  let notified: string[] = [];
  if (fix) {
    await vault.repairs.enter('EXCHANGE_STARTED', key);
    const { plaidFlow, state } = (await vault.sessions.get(key))!;
    notified = await exchangePending(
      { key, plaidFlow, state: isEndState(state) ? state : 'FAILED' },
      temporal,
    );
  }
  const whom =
    notified.length > 0
      ? `tells ${notified.join(', ')}`
      : 'tells no workflow: whom the caller named is not known';
  yield {
    kind: 'EXCHANGE_STALLED',
    sessionKey: key,
    message: `results of session ${key} wait for their exchange, and no workflow makes it`,
    remedy: fix
      ? `the exchange is started: with a worker it brings them to their end, and ${whom}`
      : 'with --fix the exchange is started again; what was called without an answer is exchanged once more at most',
    repaired: fix,
  };
}

/**
 * Gets a session again, of the Plaid flow that hands out access tokens, and keeps what it shows; what comes of it is the exchange's.
 * Public tokens are left alone: Temporal says that they were exchanged. True when the result is there again.
 */
async function askAgain(
  resultId: string,
  { key, plaidFlow, state }: ExchangedSession,
  { temporal, vault, plaid, pace, rules }: ReconcileContext,
): Promise<boolean> {
  if (plaidFlow !== 'link_delivery') return false;
  // Another result of the session may have been asked for before.
  if (await vault.results.get(resultId)) return true;
  const standing = await recordedStateOf(sessionWorkflowId(key), temporal);
  const plaidSessionId = standing && (await recordedSession(standing, temporal, rules))?.plaidSessionId;
  if (plaidSessionId === undefined) return false;
  try {
    const { accessTokens } = await pace.call(() => plaid.linkDeliveryGet(plaidSessionId));
    const tokens = accessTokens.map((token) => ({ kind: 'access_token' as const, token }));
    const rows = await vault.results.record(key, tokens);
    if (!rows.some((row) => row.resultId === resultId)) return false;
  } catch (error) {
    // Plaid has forgotten the session.
    if (error instanceof PlaidApiError && FORGOTTEN_CLASSES.includes(classify(error))) return false;
    throw error;
  }
  await vault.repairs.enter('EXCHANGE_STARTED', key);
  await exchangePending({ key, plaidFlow, state: isEndState(state) ? state : 'COMPLETED' }, temporal);
  return true;
}

const FORGOTTEN_CLASSES: readonly ErrorClass[] = ['permanent', 'person'];

function uncertain(
  { resultId, errorCode, requestIds, linkSessionId }: ResultView,
  { key, plaidFlow }: ExchangedSession,
  lostItemId?: string,
): LostResult {
  return {
    resultId,
    sessionKey: key,
    kind: plaidFlow === 'link_delivery' ? 'access_token' : 'public_token',
    state: 'UNCERTAIN',
    lostItemId,
    errorCode: (lostItemId === undefined && errorCode) || LOST_IN_RESTORE,
    requestIds,
    linkSessionId,
  };
}

const MISSED_ENDS = ['UNCERTAIN', 'EXPIRED', 'FAILED', 'REMOVED'] as const;

function isMissedEnd(state: ResultView['state']): state is (typeof MISSED_ENDS)[number] {
  return (MISSED_ENDS as readonly string[]).includes(state);
}
