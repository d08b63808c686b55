import type { PlaidCallResult } from '../domain/plaid-calls';
import type { Metrics } from '../telemetry/metrics';
import type { EndedCall } from './client';
import { classify, isRateLimit } from './error-classes';
import { type PlaidError, PlaidBadAnswerError, PlaidNoAnswerError } from './errors';

/** What counts the calls of a client of Plaid. */
export function callCounter(metrics: Metrics): (call: EndedCall) => void {
  return ({ endpoint, durationMs, error }) => {
    metrics.plaidCalls({ endpoint, result: plaidCallResult(error) });
    metrics.plaidCallDuration(durationMs / 1_000, { endpoint });
  };
}

/** How a call came out, in one word. @param error what it failed with, if it did */
function plaidCallResult(error: PlaidError | undefined): PlaidCallResult {
  if (error === undefined) return 'ok';
  if (error instanceof PlaidNoAnswerError) return 'no_answer';
  if (error instanceof PlaidBadAnswerError) return 'bad_answer';
  return isRateLimit(error) ? 'rate_limited' : classify(error);
}
