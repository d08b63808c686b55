import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancelledFailure,
  condition,
  continueAsNew,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Observation } from '../../activities/get-session';
import { PLAID_FLOW_RULES } from '../../domain/plaid-flow';
import { GATHER_HINTS_MS } from '../../domain/schedule';
import { isEndState, mayFollow, type SessionState } from '../../domain/states';
import type { PlaidErrorView } from '../../domain/views';
import { describe, vault } from '../activity-proxies';
import { currentDetails } from '../current-details';
import type { Created, Link, LinkCompleted, SessionInput, SessionView } from '../messages';
import { metrics } from '../metrics';
import { notifyEnd, signalParent } from '../notices';
import { applicationFailureOf, plaidErrorOf, vaultErrorOf } from '../plaid-error';
import { searchAttributes, type SessionAttributes } from '../search-attributes';
import { createSession, DELIVERY_UNCERTAIN, SESSION_ENDED } from './create';
import { handOver } from './hand-over';
import { InterruptibleScope } from './interruptible-scope';
import type { LinkAnswer } from './link-answer';
import { removeResults } from './remove-results';
import { newView, secondsSince, wasOpened } from './view';
import { SessionWatcher } from './watcher';

/** The life of one Hosted Link session. The workflow function calls its methods in the order in which they appear here. */
export class Session {
  readonly view: SessionView;
  readonly #input: SessionInput;
  readonly #answer: LinkAnswer;
  readonly #interruptible = new InterruptibleScope();
  readonly #watcher: SessionWatcher;
  /** Undefined until the session exists at Plaid, or may. */
  #created: Created | undefined;
  #cancelRequested: boolean;
  #failure: ApplicationFailure | undefined;

  constructor(input: SessionInput, answer: LinkAnswer) {
    const { resumed } = input;
    this.#input = input;
    this.#answer = answer;
    this.#watcher = new SessionWatcher(input, this.#interruptible);
    this.#created = resumed?.created;
    this.#cancelRequested = resumed?.cancelRequested ?? false;
    this.view = resumed?.view ?? newView(input);
    if (this.#created) answer.give(this.#linkOf(this.#created));
  }

  /** Polls Plaid now instead of when the schedule says so. */
  hint(): void {
    this.#watcher.hint();
  }

  /** Records that Plaid could not deliver the link. No poll would show it, so it ends nothing. */
  noteDeliveryFailure(claimed: unknown): void {
    // Any client may send this signal, and Web UI renders the view as Markdown.
    const method = claimed === 'SMS' || claimed === 'EMAIL' ? claimed : 'UNKNOWN';
    this.view.deliveryFailure ??= { at: new Date().toISOString(), method };
    setCurrentDetails(currentDetails(this.view));
  }

  /** Interrupts the create or the watch that is running. The life cycle continues as that of a cancelled session. */
  requestCancel(): void {
    this.#cancelRequested = true;
    this.#interruptible.interrupt();
    this.#watcher.cancelDetachedWatch();
  }

  /** Creates the session, unless an earlier run did. A cancel request that comes first ends it as CANCELLED. */
  async create(): Promise<void> {
    if (this.#created) return;
    if (!this.#cancelRequested)
      this.#created = await this.#interruptible.run(() => createSession(this.#input));
    if (!this.#created) {
      this.#answer.refuse(
        ApplicationFailure.nonRetryable(
          'the session was cancelled before it was created',
          'SESSION_CANCELLED',
        ),
      );
      return this.#enter('CANCELLED');
    }
    const { url, expiresAt, uncertain } = this.#created;
    this.#answer.give(this.#linkOf(this.#created));
    this.view.expiresAt = expiresAt;
    if (uncertain) this.view.lastError = uncertain;
    else this.view.plaidStatus = 'CREATED';
    this.#watcher.beginAfterCreate();
    this.#enter('WAITING');
    const { key, parentId } = this.#input;
    if (parentId !== undefined) await signalParent(parentId, { key, url, expiresAt });
  }

  /** Polls until Plaid reports an end, the deadline passes, or a cancelled session needs no more polls; then enters the end state. */
  async watchToEnd(): Promise<void> {
    if (!this.#created || isEndState(this.view.state)) return;
    while (!this.#cancelEndsNow()) {
      if (workflowInfo().continueAsNewSuggested) await this.#continueAsNew(this.#created);
      const afterHint = this.#watcher.isHinted;
      const resultsBefore = this.view.results;
      const observation = await this.#watcher.observe(this.#created, this.view);
      if (observation && this.#applyObservation(observation)) break;
      if (this.view.results > resultsBefore && !this.#cancelRequested)
        await this.#handOver({ last: false, results: this.view.results });
      if (afterHint) await sleep(GATHER_HINTS_MS, { summary: 'Gather hints' });
    }
    await this.#end();
  }

  /**
   * Ends the session by the failure of an activity, or by one that this workflow threw.
   *
   * @throws any other error: it is a bug, and blocks the workflow task until it is fixed
   */
  fail(error: unknown): void {
    const cause = applicationFailureOf(error);
    if (!cause && !(error instanceof ActivityFailure)) throw error;
    const plaidError = plaidErrorOf(error);
    this.view.lastError = plaidError ?? vaultErrorOf(cause) ?? this.view.lastError;
    if (cause?.type === SESSION_ENDED) [this.view.endedBefore] = cause.details as [SessionState];
    this.#failure = sessionFailure(cause, plaidError, this.#input.requestDigest);
    this.#answer.refuse(this.#failure);
    this.#enter(this.#mayHaveBeenSent(cause) ? 'DELIVERY_UNCERTAIN' : 'FAILED');
  }

  /** Notifies whoever waits for the end, and records it. Where there is a token exchange, it sends the notices once it has ended. */
  async announceEnd(): Promise<void> {
    const { key, state, results, update, exchangeStarted } = this.view;
    if (exchangeStarted || (results > 0 && state !== 'CANCELLED')) {
      await this.#handOver({ last: true, state, results });
    } else {
      const itemIds = update?.healthyAt === undefined ? [] : [update.itemId];
      const { notify, plaidFlow } = this.#input;
      this.view.notices = await notifyEnd(notify, plaidFlow, { key, state, itemIds });
    }
    await vault.endSession(key, state, workflowInfo().firstExecutionRunId);
    await condition(allHandlersFinished);
  }

  /** Returns the last view, or throws what the workflow ends with. */
  outcome(): SessionView {
    if (this.#failure) throw this.#failure;
    if (this.view.state === 'CANCELLED') throw new CancelledFailure('the session was cancelled');
    return this.view;
  }

  /** Enters CANCELLING after a cancel request. True when no item can come of the link unless somebody exchanges a token. */
  #cancelEndsNow(): boolean {
    if (!this.#cancelRequested) return false;
    if (this.view.state === 'WAITING') this.#enter('CANCELLING');
    return !PLAID_FLOW_RULES[this.#input.plaidFlow].makesItems || this.#input.update !== undefined;
  }

  /** Takes over what a poll found. True when it was the last one. */
  #applyObservation({ plaidStatus, results, health, exitError, deadlinePassed }: Observation): boolean {
    const { view } = this;
    if (plaidStatus !== view.plaidStatus || results !== view.results) {
      view.changedAt = new Date().toISOString();
      this.#watcher.restartSchedule();
    }
    if (!wasOpened(view.plaidStatus) && wasOpened(plaidStatus))
      metrics.timeToOpen(secondsSince(view.createdAt), { plaid_flow: view.plaidFlow });
    Object.assign(view, { plaidStatus, results, health });
    if (exitError) view.exitError = exitError;
    if (health.kind !== 'OK') view.lastError = health.error;
    setCurrentDetails(currentDetails(view));
    // A COMPLETED session that has shown no token yet is polled on: the tokens are what matters.
    const isDone = plaidStatus === 'COMPLETED' && (results > 0 || this.#input.update !== undefined);
    return deadlinePassed || plaidStatus === 'EXPIRED' || isDone;
  }

  /** True when nobody knows whether Plaid sent the link: a create that sends lost its answer, and no poll has found the session. */
  #mayHaveBeenSent(cause: ApplicationFailure | undefined): boolean {
    const neverSeen = this.#created?.uncertain !== undefined && this.view.plaidStatus === undefined;
    return cause?.type === DELIVERY_UNCERTAIN || (neverSeen && this.view.state === 'WAITING');
  }

  async #end(): Promise<void> {
    const { update, key } = this.#input;
    if (this.#cancelRequested) {
      if (this.view.state === 'WAITING') this.#enter('CANCELLING');
      this.#watcher.cancelDetachedWatch();
      await removeResults(key);
      return this.#enter('CANCELLED');
    }
    if (this.view.plaidStatus !== 'COMPLETED') return this.#enter('EXPIRED');
    if (update) {
      // The item may stay broken whatever the person did, or be gone; the session has COMPLETED all the same.
      const healthyAt = await describe.confirmItemHealthy(update.itemId).catch(() => undefined);
      this.view.update = { itemId: update.itemId, healthyAt };
    } else if (this.view.results === 0) {
      throw ApplicationFailure.nonRetryable(
        'Plaid reported COMPLETED but never returned a token',
        'NO_RESULTS',
      );
    }
    this.#enter('COMPLETED');
  }

  async #continueAsNew(created: Created): Promise<void> {
    await condition(allHandlersFinished);
    const resumed = { view: this.view, created, cancelRequested: this.#cancelRequested };
    await continueAsNew<(input: SessionInput) => Promise<SessionView>>({ ...this.#input, resumed });
  }

  async #handOver(completion: LinkCompleted): Promise<void> {
    await handOver(this.#input, completion, {
      isStarted: this.view.exchangeStarted,
      attributes: this.#attributes(),
    });
    this.view.exchangeStarted = true;
  }

  #enter(state: SessionState): void {
    const { view } = this;
    if (!mayFollow(view.state, state))
      throw new TypeError(`a session cannot go from ${view.state} to ${state}`);
    view.state = state;
    view.changedAt = new Date().toISOString();
    upsertSearchAttributes(searchAttributes({ state, ...this.#attributes() }));
    setCurrentDetails(currentDetails(view));
    const plaid_flow = view.plaidFlow;
    if (isEndState(state)) metrics.sessionsEnded({ plaid_flow, state });
    if (state === 'COMPLETED') metrics.timeToComplete(secondsSince(view.createdAt), { plaid_flow });
  }

  /** All that is known: a session that another workflow started has only its state and Plaid flow at first. */
  #attributes(): SessionAttributes {
    const { plaidFlow, userAttribute: user } = this.#input;
    return { plaidFlow, user, plaidSessionHash: this.#created?.plaidSessionHash };
  }

  #linkOf({ url, expiresAt }: Created): Link {
    return { url, expiresAt, requestDigest: this.#input.requestDigest };
  }
}

/** The failure that the workflow ends with, and that whoever waits for the link is given. */
function sessionFailure(
  cause: ApplicationFailure | undefined,
  plaidError: PlaidErrorView | undefined,
  requestDigest: string,
): ApplicationFailure {
  return ApplicationFailure.create({
    type: cause?.type ?? 'NO_ANSWER',
    message: plaidError?.message ?? cause?.message ?? 'Plaid could not be reached in time',
    nonRetryable: true,
    details: [plaidError, requestDigest],
  });
}
