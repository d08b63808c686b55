import { classify, isRateLimit } from './error-classes';
import { type PlaidError, PlaidBadAnswerError, PlaidNoAnswerError } from './errors';

/** How a call came out: well, without an answer, with one that cannot be read, or with Plaid's own error, by its class. */
export const PLAID_CALL_RESULTS = [
  'ok',
  'no_answer',
  'bad_answer',
  'rate_limited',
  'transient',
  'permanent',
  'operator',
  'person',
] as const;
type PlaidCallResult = (typeof PLAID_CALL_RESULTS)[number];

/** How a call came out, in one word. @param error what it failed with, if it did */
export function plaidCallResult(error: PlaidError | undefined): PlaidCallResult {
  if (error === undefined) return 'ok';
  if (error instanceof PlaidNoAnswerError) return 'no_answer';
  if (error instanceof PlaidBadAnswerError) return 'bad_answer';
  return isRateLimit(error) ? 'rate_limited' : classify(error);
}
