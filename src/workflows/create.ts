import { ApplicationFailure, CancellationScope, sleep, workflowInfo } from '@temporalio/workflow';
import type { PlaidErrorView } from '../session';
import { defaultLifetimeMs, parseLinkToken } from '../session';
import { create, createAndSend, vault } from './activity-proxies';
import type { SessionInput } from './messages';
import { plaidErrorOf } from './plaid-error';

/** How long a create is tried again while Plaid refuses it for now, in milliseconds. */
const CREATE_PATIENCE_MS = 10 * 60_000;
const FIRST_RETRY_MS = 2_000;

const WORKER_LOST: PlaidErrorView = {
  type: 'NO_ANSWER/WORKER_LOST',
  message: 'the worker was lost while Plaid was asked to send the link',
  class: 'transient',
  effect: 'UNKNOWN',
};

/** A session that exists at Plaid, or may. */
export interface Created {
  /** Undefined when a create that sends lost its answer: the session, and the message, may exist or not. */
  url: string | undefined;
  plaidSessionId: string;
  /** ISO 8601. */
  expiresAt: string;
  /** The error after which nobody knows whether Plaid sent the message. */
  uncertain: PlaidErrorView | undefined;
}

/**
 * Makes the session: a link token if none was given, the vault's row, the hosted session. Sends at most one message.
 * Cancelling its scope stops it, but not while Plaid may be sending.
 *
 * @throws ActivityFailure with Plaid's error when it is refused
 * @throws ApplicationFailure SESSION_ENDED when the key stands for an earlier session whose workflow is gone
 */
export async function createSession(input: SessionInput): Promise<Created> {
  const { key, linkApi, delivery, userId, requestDigest } = input;
  const { linkToken, expiration } = await linkTokenOf(input);
  const { firstExecutionRunId: firstRunId } = workflowInfo();
  const { endedBefore } = await vault.claimSession({
    key,
    linkApi,
    firstRunId,
    requestDigest,
    linkToken,
    userId,
  });
  if (endedBefore) {
    throw ApplicationFailure.nonRetryable(
      `key ${key} stands for an earlier session, last known as ${endedBefore}; use a new key for a new session`,
      'SESSION_ENDED',
    );
  }
  const expiresAt = expirationOf(input, expiration);
  if (!delivery) {
    return {
      ...(await create.createSession({ linkApi, linkToken, delivery })),
      expiresAt,
      uncertain: undefined,
    };
  }
  return { ...(await sendOnce({ linkApi, linkToken, delivery })), expiresAt };
}

async function linkTokenOf({ linkToken, linkTokenRequest, expiresAt }: SessionInput) {
  if (linkToken !== undefined) return { linkToken, expiration: expiresAt };
  return await create.createLinkToken(linkTokenRequest ?? {});
}

/** A sent link may live longer than its link token says; asking for too long only costs gets, for too short could lose a link. */
function expirationOf({ delivery, expiresAt }: SessionInput, expiration: string | undefined): string {
  const lifetimeEnds = Date.now() + defaultLifetimeMs(delivery?.method);
  if (expiration === undefined) return new Date(lifetimeEnds).toISOString();
  if (expiresAt !== undefined || !delivery) return new Date(expiration).toISOString();
  return new Date(Math.max(Date.parse(expiration), lifetimeEnds)).toISOString();
}

/** Repeats only what Plaid surely refused before it sent anything. */
async function sendOnce(
  request: Parameters<typeof createAndSend.createSession>[0],
): Promise<Pick<Created, 'url' | 'plaidSessionId' | 'uncertain'>> {
  const startedAt = Date.now();
  for (let retryMs = FIRST_RETRY_MS; ; retryMs *= 2) {
    try {
      const created = await CancellationScope.nonCancellable(() => createAndSend.createSession(request));
      return { ...created, uncertain: undefined };
    } catch (error) {
      const plaidError = plaidErrorOf(error);
      if (plaidError?.effect !== 'NONE') {
        // The link token's id part is Plaid's session id: the watch will tell whether the session exists.
        const plaidSessionId = parseLinkToken(request.linkToken)!.id;
        return { url: undefined, plaidSessionId, uncertain: plaidError ?? WORKER_LOST };
      }
      if (plaidError.class !== 'transient' || Date.now() - startedAt + retryMs > CREATE_PATIENCE_MS)
        throw error;
      await sleep(retryMs);
    }
  }
}
