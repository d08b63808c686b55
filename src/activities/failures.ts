import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { PlaidErrorView } from '../domain/views';
import { classify, errorRetryDelayMs } from '../plaid/error-classes';
import type { PlaidError } from '../plaid/errors';
import { PlaidApiError, PlaidBadAnswerError, PlaidNoAnswerError } from '../plaid/errors';
import type { VaultError } from '../vault/vault-error';

/** What may be shown of a failed call to Plaid. */
export function plaidErrorView(error: PlaidError): PlaidErrorView {
  const view = { message: error.message, class: classify(error) };
  if (error instanceof PlaidApiError) {
    return {
      ...view,
      type: `${error.errorType}/${error.errorCode}`,
      requestId: error.requestId,
      httpStatus: error.httpStatus,
      effect: wasRefused(error) ? 'NONE' : 'UNKNOWN',
    };
  }
  if (error instanceof PlaidNoAnswerError) {
    return {
      ...view,
      type: `NO_ANSWER/${error.reason}`,
      effect: error.mayHaveReachedPlaid ? 'UNKNOWN' : 'NONE',
    };
  }
  if (error instanceof PlaidBadAnswerError) {
    return {
      ...view,
      type: `BAD_ANSWER${error.endpoint}`,
      requestId: error.requestId,
      httpStatus: error.httpStatus,
      effect: 'UNKNOWN',
    };
  }
  throw new TypeError(`unknown kind of PlaidError: ${error.code}`);
}

/** Plaid's own 4xx, and its 503, say that the work was not begun; its 500, or an error with a status of success, does not. */
function wasRefused({ httpStatus }: PlaidApiError): boolean {
  return (httpStatus >= 400 && httpStatus < 500) || httpStatus === 503;
}

/**
 * A PlaidError as Temporal is to see it: its type is Plaid's type and code, its details are the {@link PlaidErrorView}.
 * Non-retryable when a retry cannot help (`permanent`, `person`).
 *
 * @param attempt how many attempts have failed, this one included; sets the delay of the next
 */
export function plaidFailure(error: PlaidError, attempt: number): ApplicationFailure {
  const view = plaidErrorView(error);
  if (view.class === 'transient' || view.class === 'operator') {
    return retryFailure(error, errorRetryDelayMs(error, attempt, Math.random()));
  }
  return finalFailure(error);
}

/** A PlaidError that is not to be tried again, of whatever class it is. */
export function finalFailure(error: PlaidError): ApplicationFailure {
  const view = plaidErrorView(error);
  return ApplicationFailure.create({
    type: view.type,
    message: view.message,
    details: [view],
    nonRetryable: true,
  });
}

/** A PlaidError that ends an attempt and says nothing of another. */
export function passingFailure(error: PlaidError): ApplicationFailure {
  const view = plaidErrorView(error);
  return ApplicationFailure.create({ type: view.type, message: view.message, details: [view] });
}

/** A PlaidError that is to be tried again in `delayMs`, of whatever class it is. */
export function retryFailure(error: PlaidError, delayMs: number): ApplicationFailure {
  const view = plaidErrorView(error);
  const message = `${view.message}; next try in ${seconds(delayMs)}`;
  return ApplicationFailure.create({ type: view.type, message, details: [view], nextRetryDelay: delayMs });
}

/** What no retry can mend: the key stands for another request, the item is not there or was removed. */
const FINAL_VAULT_CODES: readonly VaultError['code'][] = ['KEY_REUSED', 'ITEM_UNKNOWN', 'ITEM_REMOVED'];

/** A VaultError as Temporal is to see it: type `VAULT/<code>`. */
export function vaultFailure(error: VaultError): ApplicationFailure {
  return ApplicationFailure.create({
    type: `VAULT/${error.code}`,
    message: error.message,
    nonRetryable: FINAL_VAULT_CODES.includes(error.code),
  });
}

/**
 * "Not yet; ask again in `delayMs`": a failure that is none, so that the server's own durable timer drives the next attempt
 * without a workflow task. BENIGN keeps it out of logs and error metrics. Web UI shows the message.
 */
export function notYet(what: string, delayMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'NOT_YET',
    message: `${what} in ${seconds(delayMs)}`,
    nextRetryDelay: delayMs,
    category: ApplicationFailureCategory.BENIGN,
  });
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.round(ms / 1_000))} s`;
}
