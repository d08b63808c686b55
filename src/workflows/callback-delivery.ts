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
 * Delivers the callbacks of one session in order: each is sent until the receiver accepts it, for at most three days. The signal
 * `callbackQueued` announces a callback; the vault holds it. Completes when none is PENDING. A cancel request gives up all
 * PENDING callbacks.
 *
 * @throws ApplicationFailure CALLBACK_GIVEN_UP when a callback was given up; INVALID_INPUT when `key` is not a session key
 */
export async function callbackDelivery(key: string): Promise<void> {
  if (typeof key !== 'string' || !SESSION_KEY_PATTERN.test(key))
    throw ApplicationFailure.nonRetryable('input: not a session key', 'INVALID_INPUT');
  let queued = false;
  /** The delivery that `retryCallbacks` interrupts; undefined while none is running. */
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

  /** Returns undefined when the callback was delivered or the attempt was interrupted; else how the last attempt failed. */
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

/** Returns `HTTP_<status>` or the error code of the last attempt. */
function answerOf(error: unknown): string {
  const type = applicationFailureOf(error)?.type ?? 'CALLBACK/TIMEOUT';
  return type.startsWith('CALLBACK/') ? type.slice('CALLBACK/'.length) : 'UNEXPECTED_ERROR';
}
