import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import type { PlaidErrorView } from '../domain/views';

/** Returns the Plaid error that made an activity fail; undefined when there was none, such as after a timeout. */
export function plaidErrorOf(error: unknown): PlaidErrorView | undefined {
  const failure = applicationFailureOf(error);
  const [view] = (failure?.details ?? []) as [PlaidErrorView | undefined];
  return view?.effect === undefined ? undefined : view;
}

/** Returns the error of a vault that was unavailable for too long; undefined for other failures and for final vault errors. */
export function vaultErrorOf(failure: ApplicationFailure | undefined): PlaidErrorView | undefined {
  const { type, message, nonRetryable } = failure ?? {};
  if (!type?.startsWith('VAULT/') || message === undefined || nonRetryable) return undefined;
  return { type, message, class: 'transient', effect: 'NONE' };
}

/** Returns the failure that an activity threw, without Temporal's wrapping. */
export function applicationFailureOf(error: unknown): ApplicationFailure | undefined {
  if (error instanceof ApplicationFailure) return error;
  return error instanceof Error ? applicationFailureOf(error.cause) : undefined;
}

/** Returns undefined when an activity ended without an answer: it timed out, ran out of attempts, or was cancelled. */
export async function unlessNoAnswer<T>(activity: Promise<T>): Promise<T | undefined> {
  try {
    return await activity;
  } catch (error) {
    if (isNoAnswer(error) || isTimeout(error)) return undefined;
    throw error;
  }
}

const NO_ANSWER: readonly RetryState[] = [
  RetryState.TIMEOUT,
  RetryState.MAXIMUM_ATTEMPTS_REACHED,
  RetryState.CANCEL_REQUESTED,
];

function isNoAnswer(error: unknown): boolean {
  return error instanceof ActivityFailure && NO_ANSWER.includes(error.retryState);
}

/**
 * Returns true when an activity timed out. If an activity with a single attempt exceeds its schedule-to-close timeout, server 1.29.1
 * reports it as not retryable instead of as a timeout.
 */
function isTimeout(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}
