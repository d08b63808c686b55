import { ApplicationFailure, CancellationScope, sleep, workflowInfo } from '@temporalio/workflow';
import type { CreatedSession, CreateInput } from '../../activities/create-session';
import type { Claimed, ClaimInput } from '../../activities/session-row';
import type { PlaidErrorView } from '../../domain/views';
import type { Delivery } from '../../domain/start-request';
import { parseLinkToken } from '../../domain/link-token';
import { PLAID_FLOW_RULES } from '../../domain/plaid-flow';
import { defaultLifetimeMs } from '../../domain/schedule';
import { UNDECODABLE } from '../../domain/undecodable';
import { create, createOnce, vault } from '../activity-proxies';
import type { Created, SessionInput } from '../messages';
import { applicationFailureOf, plaidErrorOf } from '../plaid-error';
import { beginTrace, traceOrigin } from '../trace';

/** How long a create is tried again while Plaid refuses it for now, in milliseconds. */
const CREATE_PATIENCE_MS = 10 * 60_000;
const FIRST_RETRY_MS = 2_000;

const WORKER_LOST: PlaidErrorView = {
  type: 'NO_ANSWER/WORKER_LOST',
  message: 'the worker was lost while Plaid was asked to send the link',
  class: 'transient',
  effect: 'UNKNOWN',
};

/** Type of the failure of a create whose key stands for an earlier session; its details are that session's last known state. */
export const SESSION_ENDED = 'SESSION_ENDED';

/** Type of the failure of a create after which nobody can tell whether Plaid sent the link. */
export const DELIVERY_UNCERTAIN = 'DELIVERY_UNCERTAIN';

/**
 * Creates the session: the vault's row, a link token if the Plaid flow takes one and none was given, the hosted session. Sends at
 * most one message. Before it returns, the vault's row can be found by Plaid's session id. Cancelling its scope stops it, except
 * while Plaid may be sending.
 *
 * @throws ActivityFailure with Plaid's error when it is refused
 * @throws ApplicationFailure SESSION_ENDED when the key stands for an earlier session whose workflow is gone;
 * DELIVERY_UNCERTAIN, with Plaid's error, when a create that sends lost its answer and no session id to look for is known
 */
export function createSession(input: SessionInput): Promise<Created> {
  const { delivery } = input;
  return delivery ? createAndSend(input, delivery) : claimAndCreate(input);
}

/** One activity does what would be a local activity and one or two others, because the caller waits for the link. */
async function claimAndCreate(input: SessionInput): Promise<Created> {
  const knownId = idIn(input.linkToken);
  const { claimed, created } = await create.claimAndCreate(
    claimOf(input, knownId),
    requestOf(input, input.linkToken),
  );
  assertClaimable(input.key, claimed);
  const { plaidSessionId, url, expiration } = created!;
  return {
    plaidSessionId,
    plaidSessionHash: knownId === undefined ? await claimId(input, plaidSessionId) : claimed.plaidSessionHash,
    url,
    expiresAt: new Date(expiration ?? expirationOf(input, input.expiresAt)).toISOString(),
    uncertain: undefined,
  };
}

/** A create that sends is tried once, so everything that can be retried comes before it. */
async function createAndSend(input: SessionInput, delivery: Delivery): Promise<Created> {
  const { linkToken, expiration } = await linkTokenOf(input);
  const knownId = idIn(linkToken);
  const claimed = await claim(input, knownId);
  const sent = await sendOnce({ ...requestOf(input, linkToken), delivery }, knownId);
  const { plaidSessionId, url, uncertain } = sent;
  return {
    plaidSessionId,
    plaidSessionHash: knownId === undefined ? await claimId(input, plaidSessionId) : claimed.plaidSessionHash,
    url,
    expiresAt: new Date(sent.expiration ?? expirationOf(input, expiration)).toISOString(),
    uncertain,
  };
}

/** Plaid's session id, where it is known before the create. */
function idIn(linkToken: string | undefined): string | undefined {
  return linkToken === undefined ? undefined : parseLinkToken(linkToken)?.id;
}

/** @param linkToken the caller's, or one that was made beforehand */
function requestOf(
  { plaidFlow, linkTokenRequest, update }: SessionInput,
  linkToken: string | undefined,
): Omit<CreateInput, 'delivery'> {
  return linkToken === undefined ? { plaidFlow, linkTokenRequest, update } : { plaidFlow, linkToken };
}

/** Adds Plaid's session id to the row. A cancel request must not hide what has been made, and may have been sent. */
async function claimId(input: SessionInput, plaidSessionId: string): Promise<string | undefined> {
  const { plaidSessionHash } = await CancellationScope.nonCancellable(() => claim(input, plaidSessionId));
  return plaidSessionHash;
}

async function linkTokenOf({ plaidFlow, linkToken, linkTokenRequest, expiresAt, update }: SessionInput) {
  if (linkToken !== undefined) return { linkToken, expiration: expiresAt };
  if (!PLAID_FLOW_RULES[plaidFlow].takesLinkToken) return { linkToken: undefined, expiration: undefined };
  return await create.createLinkToken(linkTokenRequest ?? {}, update);
}

async function claim(input: SessionInput, plaidSessionId: string | undefined): Promise<Claimed> {
  const claimed = await vault.claimSession(claimOf(input, plaidSessionId));
  assertClaimable(input.key, claimed);
  return claimed;
}

function claimOf(
  { key, plaidFlow, requestDigest, userId }: SessionInput,
  plaidSessionId: string | undefined,
): ClaimInput {
  const { firstExecutionRunId: firstRunId } = workflowInfo();
  return {
    key,
    plaidFlow,
    firstRunId,
    requestDigest,
    plaidSessionId,
    userId,
    traceparent: traceOrigin(),
  };
}

function assertClaimable(key: string, { traceparent, endedBefore }: Claimed): void {
  beginTrace(traceparent);
  if (endedBefore) {
    throw ApplicationFailure.nonRetryable(
      `key ${key} stands for an earlier session, last known as ${endedBefore}; use a new key for a new session`,
      SESSION_ENDED,
      endedBefore,
    );
  }
}

/** A sent link may live longer than its link token says; asking for too long only costs gets, for too short could lose a link. */
function expirationOf({ delivery, expiresAt }: SessionInput, expiration: string | undefined): string {
  const lifetimeEnds = Date.now() + defaultLifetimeMs(delivery?.method);
  if (expiration === undefined) return new Date(lifetimeEnds).toISOString();
  if (expiresAt !== undefined || !delivery) return expiration;
  return new Date(Math.max(Date.parse(expiration), lifetimeEnds)).toISOString();
}

type Sent = Partial<CreatedSession> & Pick<Created, 'plaidSessionId' | 'url' | 'uncertain'>;

/**
 * Repeats only what surely sent nothing.
 *
 * @param knownId Plaid's session id, where it is known before the create
 */
async function sendOnce(request: CreateInput, knownId: string | undefined): Promise<Sent> {
  const startedAt = Date.now();
  for (let retryMs = FIRST_RETRY_MS; ; retryMs *= 2) {
    try {
      const created = await CancellationScope.nonCancellable(() => createOnce.createSession(request));
      return { ...created, uncertain: undefined };
    } catch (error) {
      const unread = unreadRequest(error);
      const plaidError = plaidErrorOf(error) ?? unread;
      if (plaidError?.effect !== 'NONE' && !isOfVault(error)) {
        const uncertain = plaidError ?? WORKER_LOST;
        if (knownId === undefined) throw deliveryUncertain(uncertain);
        // The watch will tell whether the session exists.
        return { url: undefined, plaidSessionId: knownId, uncertain };
      }
      const mayPass = plaidError
        ? plaidError.class === 'transient' || unread !== undefined
        : !applicationFailureOf(error)?.nonRetryable;
      if (!mayPass || Date.now() - startedAt + retryMs > CREATE_PATIENCE_MS)
        throw unread ? ApplicationFailure.nonRetryable(unread.message, unread.type, unread) : error;
      await sleep(retryMs, { summary: 'Wait until the create is tried again' });
    }
  }
}

/** The vault is read before Plaid is called. */
function isOfVault(error: unknown): boolean {
  return applicationFailureOf(error)?.type?.startsWith('VAULT/') ?? false;
}

/** A worker that lacks the key of a request does not come to call Plaid; another one may have it. */
function unreadRequest(error: unknown): PlaidErrorView | undefined {
  const message = applicationFailureOf(error)?.message ?? '';
  if (!message.includes(UNDECODABLE)) return undefined;
  return { type: 'WORKER/PAYLOAD_UNDECODABLE', message, class: 'operator', effect: 'NONE' };
}

function deliveryUncertain(plaidError: PlaidErrorView): ApplicationFailure {
  return ApplicationFailure.nonRetryable(plaidError.message, DELIVERY_UNCERTAIN, plaidError);
}
