import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { ExchangeOptions } from '../../activities/exchange-result';
import type { ResultView } from '../../domain/views';
import { describe, exchange } from '../activity-proxies';

/** Exchanges the token of a result, and adds the institution of its item where Plaid had not named it yet. */
export async function endResult({ resultId }: ResultView, options: ExchangeOptions): Promise<ResultView> {
  const { isDescribed, ...ended } = await exchangeOrFail(resultId, options);
  if (ended.state !== 'LINKED' || !ended.itemId || isDescribed) return ended;
  const institution = await describe.describeItem(ended.itemId).catch(() => undefined);
  return { ...ended, ...institution };
}

async function exchangeOrFail(
  resultId: string,
  options: ExchangeOptions,
): Promise<ResultView & { isDescribed?: boolean | undefined }> {
  try {
    return await exchange.exchangeResult(resultId, options);
  } catch (error) {
    // Only a non-retryable failure comes here: the item was removed again because it could not be stored.
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(cause instanceof ApplicationFailure)) throw error;
    return await exchange.failResult(resultId, cause.type ?? 'UNEXPECTED_ERROR');
  }
}
