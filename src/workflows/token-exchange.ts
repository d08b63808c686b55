import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  log,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { SessionState } from '../domain/states';
import type { ResultView } from '../domain/views';
import { INSTITUTION_ID_PATTERN } from '../domain/ids';
import { describe, exchange, vault } from './activity-proxies';
import { exchangeDetails } from './current-details';
import type { ExchangeInput, ExchangeView } from './messages';
import { exchangeStatusQuery, isExchangeInput, isLinkCompleted, completionSignal } from './messages';
import { metrics } from './metrics';
import { notifyAll, tellOfEnd } from './notices';
import { INSTITUTION_ATTRIBUTE } from './search-attributes';

/**
 * Turns the results of one session into stored items. It is told of results by `linkCompleted`, which holds none of them:
 * the vault does. Ends when the session has said that no result follows, each result has its end, and the workflows that
 * the caller named have been told. A cancel request does not stop it: a token may be in hand.
 */
export async function tokenExchange(input: ExchangeInput): Promise<ExchangeView> {
  if (!isExchangeInput(input))
    throw ApplicationFailure.nonRetryable('input: not that of a token exchange', 'INVALID_INPUT');
  const view: ExchangeView = { key: input.key, results: [], notices: [] };
  // False where an exchange from before waited for its first signal, looked at each, and asked for the institution of each item.
  const looksAtOnce = patched('look-at-once');
  const underWay = new Set<string>();
  let told = looksAtOnce && input.startImmediately === true;
  /** How many results a completed session has told of, which has no other than those. */
  let toldOf = 0;
  /** How many that were when they were looked for last. */
  let lookedFor = 0;
  let lastState: SessionState | undefined;

  setHandler(exchangeStatusQuery, () => view);
  setHandler(completionSignal, (completion: unknown) => {
    if (!isLinkCompleted(completion)) {
      log.error('a signal was dropped, since it is no completion: somebody forged it');
      metrics.signalsDropped({});
      return;
    }
    const { last, state, results } = completion;
    // Any other session may have a result that came too late for it.
    if (looksAtOnce && state === 'COMPLETED' && results !== undefined) toldOf = Math.max(toldOf, results);
    else told = true;
    if (last) lastState = state;
  });

  function mustLook(): boolean {
    return told || toldOf > Math.max(lookedFor, view.results.length);
  }

  /*
   * What follows a local activity must be the same whether a signal came shortly before or after its result: when a query is
   * answered meanwhile, a replay may see them the other way round. So it depends on what was known before.
   */
  async function look(): Promise<{ results: ResultView[]; isCancelled: boolean }> {
    told = false;
    lookedFor = toldOf;
    const stateBefore = lastState;
    const results = await vault.listResults(input.key);
    return { results, isCancelled: (looksAtOnce ? stateBefore : lastState) === 'CANCELLED' };
  }

  function show(change: Partial<ExchangeView>): void {
    Object.assign(view, change);
    setCurrentDetails(exchangeDetails(view));
  }

  /** @param isCancelled of the session: nobody asks any more for what was seen while that went on */
  async function finish(result: ResultView, isCancelled: boolean): Promise<void> {
    underWay.add(result.resultId);
    const ended = await (isCancelled
      ? exchange.removeResult(result.resultId)
      : bringToEnd(result, input, looksAtOnce));
    if (ended.state !== 'PENDING') metrics.resultsEnded({ state: ended.state });
    show({
      results: view.results.map((known) => (known.resultId === ended.resultId ? ended : known)),
    });
    underWay.delete(result.resultId);
  }

  return await CancellationScope.nonCancellable(async () => {
    const exchanges: Promise<void>[] = [];
    while (lastState === undefined || mustLook() || underWay.size > 0) {
      await condition(() => mustLook() || (lastState !== undefined && underWay.size === 0));
      if (!mustLook()) continue;
      const { results, isCancelled } = await look();
      show({ results });
      for (const result of results) {
        if (result.state === 'PENDING' && !underWay.has(result.resultId))
          exchanges.push(finish(result, isCancelled));
      }
    }
    await Promise.all(exchanges);
    showInstitutions(view.results, looksAtOnce);
    const itemIds = view.results.flatMap(({ state, itemId }) =>
      state === 'LINKED' && itemId ? [itemId] : [],
    );
    const { key, notify, plaidFlow } = input;
    const notice = { key, state: lastState, itemIds };
    const notices =
      plaidFlow === undefined ? await notifyAll(notify, notice) : await tellOfEnd(notify, plaidFlow, notice);
    show({ notices });
    return view;
  });
}

async function bringToEnd(
  { resultId }: ResultView,
  { allowDuplicates }: ExchangeInput,
  looksAtOnce: boolean,
): Promise<ResultView> {
  let ended: ResultView;
  let isDescribed: boolean | undefined;
  try {
    ({ isDescribed, ...ended } = await exchange.exchangeResult(resultId, { allowDuplicates }));
  } catch (error) {
    // Only a non-retryable failure comes here: the item was removed again because it could not be stored.
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(cause instanceof ApplicationFailure)) throw error;
    ended = await exchange.failResult(resultId, cause.type ?? 'UNEXPECTED_ERROR');
  }
  if (ended.state !== 'LINKED' || !ended.itemId || (isDescribed && looksAtOnce)) return ended;
  const institution = await describe.describeItem(ended.itemId).catch(() => undefined);
  return { ...ended, ...institution };
}

/** Once, at the end: each change of search attributes costs an event. */
function showInstitutions(results: readonly ResultView[], looksAtOnce: boolean): void {
  const ids = results
    .flatMap(({ institutionId }) => institutionId ?? [])
    .filter((id) => INSTITUTION_ID_PATTERN.test(id));
  // Exchanges from before have no such command in their histories.
  if (ids.length > 0 && (looksAtOnce || patched('institution-attribute')))
    upsertSearchAttributes([{ key: INSTITUTION_ATTRIBUTE, value: [...new Set(ids)] }]);
}
