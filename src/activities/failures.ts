import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { PlaidErrorView } from '../domain/views';
import { classify, errorRetryDelayMs } from '../plaid/error-classes';
import type { PlaidError } from '../plaid/errors';
import { PlaidApiError, PlaidBadAnswerError, PlaidNoAnswerError } from '../plaid/errors';
import type { VaultError } from '../vault/vault-error';

/** Returns the part of a failed call to Plaid that may be shown. */
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

/** Returns true for Plaid's 4xx and 503: the work was not started. After a 500, or an error with a success status, it may have been. */
function wasRefused({ httpStatus }: PlaidApiError): boolean {
  return (httpStatus >= 400 && httpStatus < 500) || httpStatus === 503;
}

/**
 * Returns a PlaidError as a failure: its type is Plaid's type and code, its details are the {@link PlaidErrorView}.
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

/** Returns a PlaidError of any class as a failure that is not retryable. */
export function finalFailure(error: PlaidError): ApplicationFailure {
  const view = plaidErrorView(error);
  return ApplicationFailure.create({
    type: view.type,
    message: view.message,
    details: [view],
    nonRetryable: true,
  });
}

/** Returns a PlaidError as a failure that leaves retries to the activity's retry policy. */
export function passingFailure(error: PlaidError): ApplicationFailure {
  const view = plaidErrorView(error);
  return ApplicationFailure.create({ type: view.type, message: view.message, details: [view] });
}

/** Returns a PlaidError of any class as a failure that is retried in `delayMs`. */
export function retryFailure(error: PlaidError, delayMs: number): ApplicationFailure {
  const view = plaidErrorView(error);
  const message = `${view.message}; next try in ${seconds(delayMs)}`;
  return ApplicationFailure.create({ type: view.type, message, details: [view], nextRetryDelay: delayMs });
}

/** Codes that a retry cannot fix: the key belongs to another request, the item is unknown or removed. */
const FINAL_VAULT_CODES: readonly VaultError['code'][] = ['KEY_REUSED', 'ITEM_UNKNOWN', 'ITEM_REMOVED'];

/** Returns a VaultError as a failure of type `VAULT/<code>`. */
export function vaultFailure(error: VaultError): ApplicationFailure {
  return ApplicationFailure.create({
    type: `VAULT/${error.code}`,
    message: error.message,
    nonRetryable: FINAL_VAULT_CODES.includes(error.code),
  });
}

/**
 * Returns a BENIGN failure that works as a timer: the server schedules the next attempt in `delayMs`, and no workflow task runs.
 * BENIGN keeps it out of logs and error metrics. The Web UI shows the message.
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
