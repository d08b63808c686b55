import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import { SESSION_KEY_PATTERN } from '../domain/ids';
import { callback, vault } from './activity-proxies';
import { callbackQueuedSignal, retryCallbacksSignal } from './messages';
import { applicationFailureOf } from './plaid-error';

/**
 * Delivers the callbacks of one session, one after the other: each is sent until the receiver takes it, or for three days. It is told
 * by `callbackQueued` that there is one; the vault has it. Ends when none is PENDING; fails when one was given up. A cancel
 * request gives up those that are PENDING.
 */
export async function callbackDelivery(key: string): Promise<void> {
  if (typeof key !== 'string' || !SESSION_KEY_PATTERN.test(key))
    throw ApplicationFailure.nonRetryable('input: not a session key', 'INVALID_INPUT');
  let queued = false;
  /** What `retryCallbacks` cuts short just now. */
  let delivery: CancellationScope | undefined;
  const givenUp: string[] = [];

  setHandler(callbackQueuedSignal, () => {
    queued = true;
  });
  setHandler(retryCallbacksSignal, () => {
    queued = true;
    delivery?.cancel();
  });

  async function giveUp(sequence: number, answer: string): Promise<void> {
    givenUp.push(`callback ${sequence} was given up (${answer})`);
    await vault.giveUpCallback(key, sequence, answer);
  }

  /** Undefined when it was taken, or cut short; else how it failed. */
  async function deliver(sequence: number): Promise<string | undefined> {
    delivery = new CancellationScope();
    try {
      await delivery.run(() => callback.deliverCallback(key, sequence));
      return undefined;
    } catch (error) {
      return isCancellation(error) ? undefined : answerOf(error);
    } finally {
      delivery = undefined;
    }
  }

  const root = CancellationScope.current();
  root.cancelRequested.catch(() => delivery?.cancel());
  await CancellationScope.nonCancellable(async () => {
    do {
      queued = false;
      for (;;) {
        const sequence = await vault.nextCallback(key);
        if (sequence === undefined) break;
        const answer = root.consideredCancelled ? 'CANCELLED' : await deliver(sequence);
        if (answer !== undefined) await giveUp(sequence, answer);
      }
    } while (queued);
  });
  if (root.consideredCancelled) throw new CancelledFailure('the delivery of callbacks was cancelled');
  if (givenUp.length > 0) throw ApplicationFailure.nonRetryable(givenUp.join('; '), 'CALLBACK_GIVEN_UP');
}

/** `HTTP_<status>` or a code, of the last attempt. */
function answerOf(error: unknown): string {
  const type = applicationFailureOf(error)?.type ?? 'CALLBACK/TIMEOUT';
  return type.startsWith('CALLBACK/') ? type.slice('CALLBACK/'.length) : 'UNEXPECTED_ERROR';
}
