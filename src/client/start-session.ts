import type { Client } from '@temporalio/client';
import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { HostedLinkError, sessionUnknown } from './client-error';
import { isTimeUp } from './deadline';
import { plaidSessionHash } from '../secrets/digest';
import type { CheckedRequest } from '../domain/start-request';
import type { PlaidErrorView } from '../domain/views';
import { sessionWorkflowId, TASK_QUEUES } from '../domain/ids';
import { parseLinkToken } from '../domain/link-token';
import type { StartRequest, StartRules } from '../requests/start-request';
import { sessionInput } from '../requests/start-request';
import type { hostedLinkSession } from '../workflows';
import type { Link } from '../workflows/messages';
import { linkUpdate } from '../workflows/messages';
import { searchAttributes } from '../workflows/search-attributes';
import { sessionSummary } from '../workflows/summaries';

/** One id for the update of all starts of a session, so that the server answers each of them from the first. */
const LINK_UPDATE_ID = 'link';

/** How long a start waits for the URL by default, in milliseconds. */
export const START_TIMEOUT_MS = 30_000;

/** A session that has been started. */
export interface StartedSession {
  key: string;
  workflowId: string;
  /** The hosted URL to open for the person. Undefined when Plaid sent the link itself and its answer was lost. */
  url: string | undefined;
  /** ISO 8601. */
  expiresAt: string;
}

/** Starts a session, or finds the one that has the key. See `HostedLinkClient.start`. */
export async function startSession(
  request: StartRequest,
  temporal: Client,
  rules: StartRules,
  timeoutMs: number,
): Promise<StartedSession> {
  const input = sessionInput(request, rules);
  const { key } = input;
  const start = new WithStartWorkflowOperation<typeof hostedLinkSession>('hostedLinkSession', {
    workflowId: sessionWorkflowId(key),
    taskQueue: TASK_QUEUES.main,
    args: [input],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    typedSearchAttributes: attributesOf(input),
    staticSummary: sessionSummary(input),
    // Activities and the token exchange inherit it.
    ...(request.fairnessKey !== undefined && { priority: { fairnessKey: request.fairnessKey } }),
  });
  const link = await linkOf(key, input.requestDigest, () =>
    temporal.withDeadline(Date.now() + timeoutMs, () =>
      temporal.workflow
        .executeUpdateWithStart(linkUpdate, { updateId: LINK_UPDATE_ID, startWorkflowOperation: start })
        .catch((error: unknown) => {
          if (error instanceof WorkflowExecutionAlreadyStartedError) return firstAnswer(key, temporal);
          throw error;
        }),
    ),
  );
  if (link.requestDigest !== input.requestDigest) throw keyReused(key);
  return started(key, link);
}

/** What the first start of a session was given. See `HostedLinkClient.get`. */
export async function startedSession(key: string, temporal: Client): Promise<StartedSession> {
  return started(key, await linkOf(key, undefined, () => firstAnswer(key, temporal)));
}

function attributesOf({ plaidFlow, linkToken, userAttribute: user }: CheckedRequest) {
  const id = linkToken === undefined ? undefined : parseLinkToken(linkToken)?.id;
  return searchAttributes({
    state: 'CREATING',
    plaidFlow,
    plaidSessionHash: id === undefined ? undefined : plaidSessionHash(id),
    user,
  });
}

function started(key: string, { url, expiresAt }: Link): StartedSession {
  return { key, workflowId: sessionWorkflowId(key), url, expiresAt };
}

/** What the first start of a session was answered, also after its end. That stands in the history of its first run. */
async function firstAnswer(key: string, temporal: Client): Promise<Link> {
  const handle = temporal.workflow.getHandle<typeof hostedLinkSession>(sessionWorkflowId(key));
  const { raw, status } = await handle.describe();
  const workflowRunId = raw.workflowExecutionInfo?.firstRunId ?? undefined;
  try {
    return await handle.getUpdateHandle<Link>(LINK_UPDATE_ID, { workflowRunId }).result();
  } catch (error) {
    // A session that another workflow started has not been asked before.
    if (!(error instanceof WorkflowNotFoundError) || status.name !== 'RUNNING') throw error;
    return await temporal.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
      handle.executeUpdate(linkUpdate, { updateId: LINK_UPDATE_ID }),
    );
  }
}

async function linkOf(
  key: string,
  requestDigest: string | undefined,
  ask: () => Promise<Link>,
): Promise<Link> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw createError(key, requestDigest, error.cause);
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isTimeUp(error)) {
      throw new HostedLinkError(
        'START_TIMEOUT',
        `session ${key} has no link yet; it may have started, and asking again with the same key is safe (is a worker running?)`,
      );
    }
    if (error instanceof WorkflowNotFoundError) throw sessionUnknown(key);
    throw error;
  }
}

/** What made the create fail, from the update's failure: its details are Plaid's error and the digest of the first request. */
function createError(
  key: string,
  requestDigest: string | undefined,
  failure: Error | undefined,
): HostedLinkError {
  if (!(failure instanceof ApplicationFailure))
    return new HostedLinkError('CREATE_FAILED', `session ${key} could not be created`);
  const [plaidError, firstDigest] = (failure.details ?? []) as [
    PlaidErrorView | undefined,
    string | undefined,
  ];
  if (failure.type === 'VAULT/KEY_REUSED' || (requestDigest && firstDigest && firstDigest !== requestDigest))
    return keyReused(key);
  if (failure.type === 'SESSION_ENDED' || failure.type === 'SESSION_CANCELLED')
    return new HostedLinkError('SESSION_ENDED', failure.message);
  if (failure.type === 'VAULT/ITEM_UNKNOWN')
    return new HostedLinkError('ITEM_UNKNOWN', `${failure.message}, so that it cannot be repaired`);
  if (failure.type === 'VAULT/ITEM_REMOVED')
    return new HostedLinkError('ITEM_REMOVED', `${failure.message}, so that it cannot be repaired`);
  if (failure.type === 'DELIVERY_UNCERTAIN') {
    return new HostedLinkError(
      'DELIVERY_UNCERTAIN',
      `session ${key}: Plaid may have sent the link, which cannot be verified: ${failure.message}; ask the person before you start another session`,
      plaidError ?? undefined,
    );
  }
  return new HostedLinkError(
    'CREATE_FAILED',
    `session ${key} could not be created: ${failure.message}${hintFor(plaidError)}`,
    plaidError ?? undefined,
  );
}

/** What to do about an account that may not use an endpoint. Plaid opens `hosted_link` to every account, but not what it sends. */
function hintFor(plaidError: PlaidErrorView | null | undefined): string {
  if (plaidError?.type !== 'INVALID_INPUT/UNAUTHORIZED_ROUTE_ACCESS') return '';
  return plaidError.message.startsWith('/link_delivery/')
    ? '; this Plaid account may not use link_delivery: ask Plaid to enable it, or use the Plaid flow hosted_link'
    : '; this Plaid account may not do so: ask Plaid to enable it, or send the link yourself if Plaid was to send it';
}

function keyReused(key: string): HostedLinkError {
  return new HostedLinkError(
    'KEY_REUSED',
    `key ${key} was used for a different request; use a new key for a new session`,
  );
}
