import { CancellationScope, setHandler } from '@temporalio/workflow';
import type { SessionInput, SessionView, UncheckedInput } from './messages';
import { checkNowSignal, deliveryFailedSignal, statusQuery } from './messages';
import { readInput } from './session/input';
import { LinkAnswer } from './session/link-answer';
import { Session } from './session/session';

/**
 * Runs one Hosted Link session, from its create to its end.
 *
 * Returns the session's last view when it is COMPLETED or EXPIRED, is cancelled when it is CANCELLED, and fails when it is
 * FAILED or DELIVERY_UNCERTAIN, with Plaid's error type as the type of the failure.
 */
export async function hostedLinkSession(given: SessionInput | UncheckedInput): Promise<SessionView> {
  const answer = new LinkAnswer();
  const session = new Session(await readInput(given, answer), answer);

  setHandler(statusQuery, () => session.view);
  setHandler(checkNowSignal, () => session.hint());
  setHandler(deliveryFailedSignal, (method) => session.noteDeliveryFailure(method));
  CancellationScope.current().cancelRequested.catch(() => session.requestCancel());

  // A cancel request changes the course of the session. It must not interrupt what ends it.
  return await CancellationScope.nonCancellable(async () => {
    try {
      await session.create();
      await session.watchToEnd();
    } catch (error) {
      session.fail(error);
    }
    await session.announceEnd();
    return session.outcome();
  });
}
