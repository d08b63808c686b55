import { ApplicationFailure, CancellationScope, setHandler } from '@temporalio/workflow';
import { Exchange } from './exchange/exchange';
import type { ExchangeInput, ExchangeView } from './messages';
import { completionSignal, exchangeStatusQuery, isExchangeInput } from './messages';

/**
 * Turns the results of one session into stored items. The signal `linkCompleted` says that there are results and contains none of
 * them: the vault does. Ends when the session has signalled its last completion, each result has its end, and the workflows that
 * the caller named have been notified. A cancel request does not stop it, since an attempt may hold a token.
 *
 * @throws ApplicationFailure INVALID_INPUT when the input is not that of a token exchange
 */
export async function tokenExchange(input: ExchangeInput): Promise<ExchangeView> {
  if (!isExchangeInput(input))
    throw ApplicationFailure.nonRetryable('input: not that of a token exchange', 'INVALID_INPUT');
  const exchange = new Exchange(input);

  setHandler(exchangeStatusQuery, () => exchange.view);
  setHandler(completionSignal, (completion) => exchange.acceptCompletion(completion));

  return await CancellationScope.nonCancellable(async () => {
    await exchange.endAllResults();
    exchange.publishInstitutions();
    await exchange.notifyEnd();
    return exchange.view;
  });
}
