import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import type { PlaidErrorView } from '../domain/views';

/** What Plaid's error was, when that made an activity fail; undefined for a time-out without one. */
export function plaidErrorOf(error: unknown): PlaidErrorView | undefined {
  const failure = applicationFailureOf(error);
  const [view] = (failure?.details ?? []) as [PlaidErrorView | undefined];
  return view?.effect === undefined ? undefined : view;
}

/** A vault that could not be used for too long, before Plaid was asked. Undefined for another failure, and for what is its final word. */
export function vaultErrorOf(failure: ApplicationFailure | undefined): PlaidErrorView | undefined {
  const { type, message, nonRetryable } = failure ?? {};
  if (!type?.startsWith('VAULT/') || message === undefined || nonRetryable) return undefined;
  return { type, message, class: 'transient', effect: 'NONE' };
}

/** The failure that an activity threw, below Temporal's wrapping. */
export function applicationFailureOf(error: unknown): ApplicationFailure | undefined {
  if (error instanceof ApplicationFailure) return error;
  return error instanceof Error ? applicationFailureOf(error.cause) : undefined;
}

/** Undefined instead of a failure when an activity ended without an answer: its time or its attempts were up, or it was cut short. */
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
 * Whether an activity's time was up. When that is all its time, with the waits, of an activity that was to be tried once, the
 * server calls it not retryable (seen with 1.29.1), as if the activity had said so.
 */
function isTimeout(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}
