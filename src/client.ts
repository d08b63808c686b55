import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  isGrpcDeadlineError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { HostedLinkError, sessionUnknown } from './client-error';
import { InputError } from './input-error';
import { lookAgain } from './look-again';
import { removeItem } from './remove-item';
import { replayCallbacks } from './replay-callbacks';
import { plaidSessionHash } from './digest';
import type { CheckedRequest, DeliveryFailure, PlaidErrorView } from './session';
import { exchangeWorkflowId, parseLinkToken, sessionWorkflowId, TASK_QUEUES } from './session';
import type { SessionFilter, SessionSummary } from './session-list';
import { listSessions } from './session-list';
import type { StartRequest, StartRules } from './start-request';
import { sessionInput } from './start-request';
import type { StatusReport } from './status-report';
import { statusReport } from './status-report';
import type { VaultRecords } from './vault/vault';
import type { hostedLinkSession } from './workflows';
import type { Link } from './workflows/messages';
import { checkNowSignal, deliveryFailedSignal, linkUpdate } from './workflows/messages';
import { searchAttributes } from './workflows/search-attributes';
import { sessionSummary } from './workflows/summaries';

export { HostedLinkError } from './client-error';
export type { SessionFilter, SessionSummary } from './session-list';
export { NEXT_STEPS } from './guidance';
export type { Guidance, NextStep } from './guidance';
export type { StartRequest } from './start-request';
export type { CallbackReport, ItemReport, StatusReport, WatchReport } from './status-report';

/** One id for the update of all starts of a session, so that the server answers each of them from the first. */
const LINK_UPDATE_ID = 'link';

/** How long `start` waits for the URL by default, in milliseconds. */
export const START_TIMEOUT_MS = 30_000;

/** How long `removeItem` waits for the item's end by default, in milliseconds. */
export const REMOVE_TIMEOUT_MS = 30_000;

export interface HostedLinkClientOptions extends StartRules {
  /** A Temporal client whose data converter has the payload codec (`createPayloadCodec`). */
  temporal: Client;
  /** Lets `status` tell items and ended sessions without a worker, and beyond Temporal's retention. */
  vault?: VaultRecords | undefined;
}

/** How long a call may wait for its answer. */
export interface WaitOptions {
  /** In milliseconds. Default: 30 s. */
  timeoutMs?: number | undefined;
}

/** A session that has been started. */
export interface StartedSession {
  key: string;
  workflowId: string;
  /** The hosted URL to open for the person. Undefined when Plaid sent the link itself and its answer was lost. */
  url: string | undefined;
  /** ISO 8601. */
  expiresAt: string;
}

/** What an application service imports: the only starter and signaller of sessions. */
export class HostedLinkClient {
  private readonly temporal: Client;

  constructor(private readonly options: HostedLinkClientOptions) {
    this.temporal = options.temporal;
  }

  /**
   * Starts a session and gives its URL, or gives the URL of the session that has the key already.
   *
   * @throws InputError before anything is started, naming the field
   * @throws HostedLinkError KEY_REUSED, CREATE_FAILED (with Plaid's error), SESSION_ENDED or START_TIMEOUT; DELIVERY_UNCERTAIN
   * when a `hosted_link` create that sends lost its answer; ITEM_UNKNOWN or ITEM_REMOVED in update mode
   */
  async start(
    request: StartRequest,
    { timeoutMs = START_TIMEOUT_MS }: WaitOptions = {},
  ): Promise<StartedSession> {
    const input = sessionInput(request, this.options);
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
    const link = await this.linkOf(key, input.requestDigest, () =>
      this.temporal.withDeadline(Date.now() + timeoutMs, () =>
        this.temporal.workflow
          .executeUpdateWithStart(linkUpdate, { updateId: LINK_UPDATE_ID, startWorkflowOperation: start })
          .catch((error: unknown) => {
            if (error instanceof WorkflowExecutionAlreadyStartedError) return this.firstAnswer(key);
            throw error;
          }),
      ),
    );
    if (link.requestDigest !== input.requestDigest) {
      throw keyReused(key);
    }
    return started(key, link);
  }

  /**
   * What `start` gave for this key, or the link of a session that another workflow started, as long as that runs.
   *
   * @throws HostedLinkError SESSION_UNKNOWN, or CREATE_FAILED when it never had a link
   */
  async get(key: string): Promise<StartedSession> {
    return started(key, await this.linkOf(key, undefined, () => this.firstAnswer(key)));
  }

  /**
   * All that is known of a session. Answers from the worker, else from the server and the vault.
   *
   * @throws HostedLinkError SESSION_UNKNOWN
   */
  async status(key: string): Promise<StatusReport> {
    return await statusReport(key, this.temporal, this.options.vault);
  }

  /**
   * Lists sessions, the latest first, as far as Temporal retains them.
   *
   * @throws InputError naming the field
   */
  async list(filter: SessionFilter = {}): Promise<SessionSummary[]> {
    return await listSessions(this.temporal, filter, this.options);
  }

  /**
   * Waits until the session and its token exchange have ended, however they end, and gives the last status.
   *
   * @throws HostedLinkError SESSION_UNKNOWN
   */
  async result(key: string): Promise<StatusReport> {
    await this.waitForEnd(key);
    return await this.status(key);
  }

  /** Waits until the session and its token exchange have ended, however they end. A session that Temporal does not know has. */
  async waitForEnd(key: string): Promise<void> {
    await ended(this.handle(key));
    await ended(this.temporal.workflow.getHandle(exchangeWorkflowId(key)));
  }

  /**
   * A hint: the person may be back. The session is got at once.
   *
   * @throws HostedLinkError SESSION_UNKNOWN or SESSION_ENDED
   */
  async checkNow(key: string): Promise<void> {
    await this.toRunning(key, (handle) => handle.signal(checkNowSignal));
  }

  /**
   * Tells a session that Plaid could not deliver its link, for its status to show. Nothing else changes: the link lives on.
   *
   * @throws HostedLinkError SESSION_UNKNOWN or SESSION_ENDED
   */
  async deliveryFailed(key: string, method: DeliveryFailure['method']): Promise<void> {
    await this.toRunning(key, (handle) => handle.signal(deliveryFailedSignal, method));
  }

  /**
   * Asks the session to be cancelled. It is CANCELLED once nothing can come of its link any more; what comes until then
   * is removed at Plaid.
   *
   * @throws HostedLinkError SESSION_UNKNOWN or SESSION_ENDED
   */
  async cancel(key: string): Promise<void> {
    await this.toRunning(key, (handle) => handle.cancel());
  }

  /**
   * Removes a stored item: at Plaid, where its billing ends, and its access token from the vault. An item that is gone at Plaid
   * counts as removed, and so does one that was removed before.
   *
   * @throws InputError naming itemId
   * @throws HostedLinkError ITEM_UNKNOWN, REMOVE_FAILED (with Plaid's error), or REMOVE_TIMEOUT: the removal goes on
   */
  async removeItem(itemId: string, { timeoutMs = REMOVE_TIMEOUT_MS }: WaitOptions = {}): Promise<void> {
    await removeItem(itemId, this.temporal, timeoutMs);
  }

  /**
   * Lets a session's token exchange look at the vault again, after a result was resolved by hand. One that runs tells of it at its
   * end; one that has ended runs once more, and tells the workflows that the caller named, and the receiver of callbacks, once
   * more, of all items. Gives the ids of those workflows, and of the one that delivers callbacks: none when Temporal has forgotten
   * the exchange.
   *
   * @throws HostedLinkError SESSION_UNKNOWN
   */
  async lookAgain(key: string): Promise<string[]> {
    const { state, callbacks } = await this.status(key);
    return await lookAgain(key, { state, hasCallbacks: callbacks.length > 0 }, this.temporal);
  }

  /**
   * Sends all callbacks of a session again, in their order and under their ids, also those that were given up or taken; one whose
   * next attempt is due later is sent now. Tells how many that are. Needs the vault.
   *
   * @throws InputError naming vault
   * @throws HostedLinkError CALLBACK_UNKNOWN
   */
  async replayCallbacks(key: string): Promise<number> {
    const { vault } = this.options;
    if (!vault)
      throw new InputError(
        'vault',
        'not at hand; give the client its records, or the command its DATABASE_URL',
      );
    return await replayCallbacks(key, this.temporal, vault.callbacks);
  }

  private handle(key: string): WorkflowHandle<typeof hostedLinkSession> {
    return this.temporal.workflow.getHandle<typeof hostedLinkSession>(sessionWorkflowId(key));
  }

  /** What the first start of a session was answered, also after its end. That stands in the history of its first run. */
  private async firstAnswer(key: string): Promise<Link> {
    const handle = this.handle(key);
    const { raw, status } = await handle.describe();
    const workflowRunId = raw.workflowExecutionInfo?.firstRunId ?? undefined;
    try {
      return await handle.getUpdateHandle<Link>(LINK_UPDATE_ID, { workflowRunId }).result();
    } catch (error) {
      // A session that another workflow started has not been asked before.
      if (!(error instanceof WorkflowNotFoundError) || status.name !== 'RUNNING') throw error;
      return await this.temporal.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
        handle.executeUpdate(linkUpdate, { updateId: LINK_UPDATE_ID }),
      );
    }
  }

  private async toRunning(key: string, send: (handle: WorkflowHandle) => Promise<unknown>): Promise<void> {
    try {
      const handle = this.handle(key);
      // The server takes a cancel request to an ended workflow without a word.
      const { status } = await handle.describe();
      if (status.name === 'RUNNING') {
        await send(handle);
        return;
      }
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
    const { state } = await this.status(key);
    throw new HostedLinkError('SESSION_ENDED', `session ${key} has ended: ${state}`);
  }

  private async linkOf(
    key: string,
    requestDigest: string | undefined,
    ask: () => Promise<Link>,
  ): Promise<Link> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) throw createError(key, requestDigest, error.cause);
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error)) {
        throw new HostedLinkError(
          'START_TIMEOUT',
          `session ${key} has no link yet; it may have started, and asking again with the same key is safe (is a worker running?)`,
        );
      }
      if (error instanceof WorkflowNotFoundError) throw sessionUnknown(key);
      throw error;
    }
  }
}

function attributesOf({ linkApi, linkToken, userAttribute: user }: CheckedRequest) {
  const id = linkToken === undefined ? undefined : parseLinkToken(linkToken)?.id;
  return searchAttributes({
    state: 'CREATING',
    linkApi,
    plaidSessionHash: id === undefined ? undefined : plaidSessionHash(id),
    user,
  });
}

function started(key: string, { url, expiresAt }: Link): StartedSession {
  return { key, workflowId: sessionWorkflowId(key), url, expiresAt };
}

/** Waits for the end, whichever it is. A workflow that never ran counts as ended. */
async function ended(handle: WorkflowHandle): Promise<void> {
  try {
    await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError)) throw error;
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
    return new HostedLinkError('ITEM_UNKNOWN', `${failure.message}, so that it cannot be mended`);
  if (failure.type === 'VAULT/ITEM_REMOVED')
    return new HostedLinkError('ITEM_REMOVED', `${failure.message}, so that it cannot be mended`);
  if (failure.type === 'DELIVERY_UNCERTAIN') {
    return new HostedLinkError(
      'DELIVERY_UNCERTAIN',
      `session ${key}: Plaid may have sent the link, and there is no way to tell: ${failure.message}; ask the person before you start another session`,
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
    ? '; this Plaid account may not use link_delivery: ask Plaid to enable it, or use the link api hosted_link'
    : '; this Plaid account may not do so: ask Plaid to enable it, or send the link yourself if Plaid was to send it';
}

function keyReused(key: string): HostedLinkError {
  return new HostedLinkError(
    'KEY_REUSED',
    `key ${key} stands for another request; use a new key for a new session`,
  );
}
