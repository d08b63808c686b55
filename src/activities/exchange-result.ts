import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ResultView } from '../domain/views';
import { errorRetryDelayMs, isItemGone } from '../plaid/error-classes';
import { PlaidApiError, PlaidError } from '../plaid/errors';
import type { Acquired, NewItem, ResultRow } from '../vault/stores/stores';
import type { ActivityDeps } from './deps';
import { institutionOf } from './describe-item';
import { notYet, plaidErrorView, retryFailure } from './failures';
import { removeStoredItem } from './remove-item';
import { retryStoreUntilShutdown } from './store-until-shutdown';

/**
 * How long an attempt holds a result, in milliseconds, by the database's clock: longer than Plaid's HTTP time limit (20 s),
 * shorter than the activity's start-to-close time-out.
 */
const LEASE_MS = 30_000;

/** Type of the failure after which an item that could not be stored was removed at Plaid again. */
const ITEM_REMOVED_UNSTORED = 'ITEM_REMOVED_UNSTORED';

/** What must be left of the lease before a call that is not idempotent, in milliseconds: Plaid's HTTP time limit and a margin. */
const CALL_MS = 22_000;

/** Delay before an attempt that was held up is retried, in milliseconds. */
const HELD_UP_RETRY_MS = 1_000;

const HEARTBEAT_EVERY_MS = 5_000;

type Leased = Extract<Acquired, { outcome: 'LEASED' }> & {
  /** How long the lease lasts at least, in milliseconds, by this process's own clock. */
  leftMs: () => number;
};

/** How a result is to be exchanged. */
export interface ExchangeOptions {
  /** True exchanges a public token even if the person has already linked the account. Default false. */
  allowDuplicates?: boolean | undefined;
}

/** A result whose exchange has ended. */
export interface ExchangedResult extends ResultView {
  /** True when `describeItem` has nothing to do for its item. */
  isDescribed?: boolean | undefined;
}

/** Makes the activities that turn a session's results into stored items, or undo them. */
export function exchangeActivities(deps: ActivityDeps) {
  const { plaid, vault, itemWebhookUrl } = deps;
  return {
    /** Returns the session's results from the vault. */
    async listResults(sessionKey: string): Promise<ResultView[]> {
      return (await vault.results.list(sessionKey)).map(resultView);
    },

    /** Ends a result: stores the access token of its item once, or records why not. */
    async exchangeResult(
      resultId: string,
      { allowDuplicates = false }: ExchangeOptions = {},
    ): Promise<ExchangedResult> {
      const result = await withLease(
        deps,
        resultId,
        (leased) =>
          leased.row.kind === 'access_token'
            ? keepAccessToken(deps, leased)
            : exchangePublicToken(deps, leased),
        { refuseDuplicates: !allowDuplicates },
      );
      return { ...result, isDescribed: itemWebhookUrl === undefined && institutionOf(result) !== undefined };
    },

    /**
     * Undoes a result of a cancelled session: removes its item, stored or not. A public token is left to expire. But if an earlier
     * exchange got no answer, an item may exist, so the token is exchanged first; the result is UNCERTAIN if that gets no answer either.
     */
    async removeResult(resultId: string): Promise<ResultView> {
      const result = await withLease(deps, resultId, (leased) => undo(deps, leased));
      const { itemId } = result;
      if (result.state !== 'LINKED' || itemId === undefined) return result;
      try {
        await withHeartbeat(() => removeStoredItem({ plaid, vault }, itemId));
      } catch (error) {
        throw error instanceof PlaidError ? tryAgain(error, Context.current().info.attempt) : error;
      }
      return { ...result, state: 'REMOVED' };
    },

    /** Ends a result as FAILED without calling Plaid. */
    async failResult(resultId: string, errorCode: string): Promise<ResultView> {
      return await withLease(deps, resultId, ({ fence }) =>
        vault.results.end(resultId, fence, 'FAILED', { errorCode }),
      );
    },
  };
}

/** Takes the lease of a result, runs `use`, and returns the result afterwards. An ended result is returned unchanged. */
async function withLease(
  deps: ActivityDeps,
  resultId: string,
  use: (leased: Leased) => Promise<void>,
  options: { refuseDuplicates?: boolean } = {},
): Promise<ResultView> {
  const askedAt = performance.now();
  const acquired = await deps.vault.results.acquire(resultId, LEASE_MS, options);
  if (acquired.outcome === 'HELD') {
    const why =
      acquired.by === 'ATTEMPT'
        ? 'another attempt holds this result; its lease ends'
        : 'the same account is being linked by another result; next check';
    throw notYet(why, acquired.retryInMs);
  }
  if (acquired.outcome === 'ENDED') return resultView(acquired.row);
  const leased = { ...acquired, leftMs: () => askedAt + LEASE_MS - performance.now() };
  await withHeartbeat(() => use(leased));
  const row = (await deps.vault.results.get(resultId))!;
  if (row.state === 'LINKED' && row.endedAt)
    deps.metrics.tokenStoredDelay((row.endedAt.getTime() - row.seenAt.getTime()) / 1_000, {});
  return resultView(row);
}

/** Stores a token that Plaid has exchanged itself. `/item/get` proves the token and returns its item id; it is safe to retry. */
async function keepAccessToken(deps: ActivityDeps, { row, fence, token }: Leased): Promise<void> {
  try {
    await deps.vault.results.link(row.resultId, { ...(await deps.plaid.itemGet(token)), accessToken: token });
  } catch (error) {
    if (!(error instanceof PlaidError)) throw error;
    const call = answeredCall(error);
    if (isItemGone(error)) return await deps.vault.results.end(row.resultId, fence, 'FAILED', call);
    await deps.vault.results.release(row.resultId, fence, { ...call, answered: true });
    throw tryAgain(error, fence);
  }
}

/** Exchanges a public token, which is not idempotent: the lease counts the call as started until a definite answer arrives. */
async function exchangePublicToken(deps: ActivityDeps, leased: Leased): Promise<void> {
  const { row, fence, token, accounts, unansweredCalls } = leased;
  const { resultId } = row;
  if (unansweredCalls >= 2) {
    return await deps.vault.results.end(resultId, fence, 'UNCERTAIN', { errorCode: 'NO_ANSWER_TWICE' });
  }
  if (leased.leftMs() < CALL_MS) {
    // This process was held up: when the answer arrives, another attempt could hold the lease.
    await deps.vault.results.release(resultId, fence, { errorCode: 'LEASE_RAN_SHORT', answered: true });
    throw notYet('the lease ran short before the call; next try', HELD_UP_RETRY_MS);
  }
  let item: NewItem;
  try {
    item = { ...(await deps.plaid.itemPublicTokenExchange(token)), accounts };
  } catch (error) {
    if (!(error instanceof PlaidError)) throw error;
    const call = answeredCall(error);
    const { class: errorClass, effect } = plaidErrorView(error);
    if (error instanceof PlaidApiError && error.errorCode === 'INVALID_PUBLIC_TOKEN') {
      return await deps.vault.results.end(
        resultId,
        fence,
        unansweredCalls > 0 ? 'UNCERTAIN' : 'EXPIRED',
        call,
      );
    }
    if (effect === 'NONE' && (errorClass === 'permanent' || errorClass === 'person')) {
      return await deps.vault.results.end(resultId, fence, 'FAILED', call);
    }
    await deps.vault.results.release(resultId, fence, { ...call, answered: effect === 'NONE' });
    throw tryAgain(error, fence);
  }
  await storeOrRemove(deps, resultId, item);
}

/** Retries storing a new item. When the worker must stop, removes the item at Plaid, so that no unknown item is left. */
async function storeOrRemove(deps: ActivityDeps, resultId: string, item: NewItem): Promise<void> {
  try {
    await retryStoreUntilShutdown(() => deps.vault.results.link(resultId, item));
  } catch {
    await deps.plaid.itemRemove(item.accessToken);
    throw ApplicationFailure.nonRetryable(
      'the item could not be stored before the worker had to stop, so it was removed at Plaid',
      ITEM_REMOVED_UNSTORED,
    );
  }
}

async function undo(deps: ActivityDeps, leased: Leased): Promise<void> {
  const { row, fence, token, unansweredCalls } = leased;
  if (row.kind === 'public_token' && unansweredCalls > 0) {
    // An earlier call may have created an item, so the token must not be left to expire.
    return await exchangePublicToken(deps, leased);
  }
  if (row.kind === 'access_token') {
    try {
      await deps.plaid.itemRemove(token);
    } catch (error) {
      if (!(error instanceof PlaidError)) throw error;
      if (!isItemGone(error)) {
        await deps.vault.results.release(row.resultId, fence, { ...answeredCall(error), answered: true });
        throw tryAgain(error, fence);
      }
    }
  }
  await deps.vault.results.end(row.resultId, fence, 'REMOVED', { errorCode: 'SESSION_CANCELLED' });
}

/** Heartbeats while `run` runs: an attempt may last minutes, and the server is to notice within seconds that a worker died. */
async function withHeartbeat(run: () => Promise<void>): Promise<void> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    await run();
  } finally {
    clearInterval(timer);
  }
}

/**
 * Returns the failure that retries after an error that has not ended the result.
 *
 * @param calls the calls made for the result, this one included: its fence. Attempts that only waited do not count.
 */
function tryAgain(error: PlaidError, calls: number): ApplicationFailure {
  return retryFailure(error, errorRetryDelayMs(error, calls, Math.random()));
}

function answeredCall(error: PlaidError) {
  const { type, requestId } = plaidErrorView(error);
  return { errorCode: type, requestId };
}

function resultView({
  resultId,
  state,
  itemId,
  errorCode,
  requestIds,
  linkSessionId,
  institutionId,
  institutionName,
}: ResultRow): ResultView {
  return { resultId, state, itemId, errorCode, requestIds, linkSessionId, institutionId, institutionName };
}
