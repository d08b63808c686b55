import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import { HostedLinkError } from './client/client-error';
import { removeItem } from './client/remove-item';
import { resumeExchange } from './client/resume-exchange';
import { replayCallbacks } from './client/retry-callbacks';
import type { SessionFilter, SessionSummary } from './client/session-list';
import { listSessions } from './client/session-list';
import type { StartedSession } from './client/start-session';
import { START_TIMEOUT_MS, startedSession, startSession } from './client/start-session';
import type { StatusReport } from './client/status';
import { statusReport } from './client/status-report';
import { exchangeWorkflowId, sessionWorkflowId } from './domain/ids';
import { InputError } from './domain/input-error';
import type { DeliveryFailure } from './domain/views';
import type { StartRequest, StartRules } from './requests/start-request';
import type { VaultRecords } from './vault/vault';
import type { hostedLinkSession } from './workflows';
import { checkNowSignal, deliveryFailedSignal } from './workflows/messages';

export { HostedLinkError } from './client/client-error';
export type { SessionFilter, SessionSummary } from './client/session-list';
export { START_TIMEOUT_MS } from './client/start-session';
export type { StartedSession } from './client/start-session';
export { NEXT_STEPS } from './client/status';
export type {
  CallbackReport,
  Guidance,
  NextStep,
  ResultReport,
  StatusReport,
  WatchReport,
} from './client/status';
export type { StartRequest } from './requests/start-request';

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
    return await startSession(request, this.temporal, this.options, timeoutMs);
  }

  /**
   * What `start` gave for this key, or the link of a session that another workflow started, as long as that runs.
   *
   * @throws HostedLinkError SESSION_UNKNOWN, or CREATE_FAILED when it never had a link
   */
  async get(key: string): Promise<StartedSession> {
    return await startedSession(key, this.temporal);
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
  async waitForFinalStatus(key: string): Promise<StatusReport> {
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
    await this.signal(key, checkNowSignal);
  }

  /**
   * Tells a session that Plaid could not deliver its link, for its status to show. Nothing else changes: the link lives on.
   *
   * @throws HostedLinkError SESSION_UNKNOWN or SESSION_ENDED
   */
  async deliveryFailed(key: string, method: DeliveryFailure['method']): Promise<void> {
    await this.signal(key, deliveryFailedSignal, method);
  }

  /**
   * Asks the session to be cancelled. It is CANCELLED once nothing can come of its link any more; what comes until then
   * is removed at Plaid.
   *
   * @throws HostedLinkError SESSION_UNKNOWN or SESSION_ENDED
   */
  async cancel(key: string): Promise<void> {
    try {
      const handle = this.handle(key);
      // The server takes a cancel request to an ended workflow without a word.
      const { status } = await handle.describe();
      if (status.name === 'RUNNING') {
        await handle.cancel();
        return;
      }
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
    throw await this.hasEnded(key);
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
  async resumeExchange(key: string): Promise<string[]> {
    const { state, callbacks } = await this.status(key);
    return await resumeExchange(key, { state, hasCallbacks: callbacks.length > 0 }, this.temporal);
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
        'not at hand',
        'give the client its records, or the command its DATABASE_URL',
      );
    return await replayCallbacks(key, this.temporal, vault.callbacks);
  }

  private handle(key: string): WorkflowHandle<typeof hostedLinkSession> {
    return this.temporal.workflow.getHandle<typeof hostedLinkSession>(sessionWorkflowId(key));
  }

  private async signal<Args extends unknown[]>(
    key: string,
    definition: SignalDefinition<Args>,
    ...args: Args
  ): Promise<void> {
    try {
      await this.handle(key).signal(definition, ...args);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw await this.hasEnded(key);
    }
  }

  /** @throws HostedLinkError SESSION_UNKNOWN */
  private async hasEnded(key: string): Promise<HostedLinkError> {
    const { state } = await this.status(key);
    return new HostedLinkError('SESSION_ENDED', `session ${key} has ended: ${state}`);
  }
}

/** Waits for the end, whichever it is. A workflow that never ran counts as ended. */
async function ended(handle: WorkflowHandle): Promise<void> {
  try {
    await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError)) throw error;
  }
}
