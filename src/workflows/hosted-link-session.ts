import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  Trigger,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Observation, WatchInput } from '../activities/get-session';
import type { SessionState } from '../domain/states';
import { PLAID_FLOW_RULES } from '../domain/plaid-flow';
import { GATHER_HINTS_MS, MIN_POLL_DELAY_MS } from '../domain/schedule';
import { isEndState, mayFollow } from '../domain/states';
import { describe, exchange, urgent, vault, watch } from './activity-proxies';
import { signalCompletion } from './completion';
import type { Created } from './create';
import { checkedInput, inputOf, isUnchecked } from './checked-input';
import { createSession, DELIVERY_UNCERTAIN, SESSION_ENDED } from './create';
import { currentDetails } from './current-details';
import { LinkAnswer } from './link-answer';
import type { Link, LinkCompleted, SessionInput, SessionView, UncheckedInput } from './messages';
import { checkNowSignal, deliveryFailedSignal, statusQuery } from './messages';
import { metrics } from './metrics';
import { notifyAll, tellOfEnd } from './notices';
import { tellParent } from './parent';
import { applicationFailureOf, plaidErrorOf, unlessNoAnswer, vaultErrorOf } from './plaid-error';
import { searchAttributes, type SessionAttributes } from './search-attributes';

/**
 * One Hosted Link session, from its create to its end. Gives the session's last view when it COMPLETED or EXPIRED; is
 * cancelled when it was CANCELLED; fails when it FAILED or is DELIVERY_UNCERTAIN, with Plaid's error type as the type.
 */
export async function hostedLinkSession(given: SessionInput | UncheckedInput): Promise<SessionView> {
  const answer = new LinkAnswer();
  const input = isUnchecked(given) ? await checkedInput(given, answer) : inputOf(given);
  const rules = PLAID_FLOW_RULES[input.plaidFlow];
  const view = input.resumed?.view ?? newView(input);
  let created = input.resumed?.created;
  if (created) answer.give(linkOf(created, input));
  let cancelRequested = input.resumed?.cancelRequested ?? false;
  let hinted = false;
  let failure: ApplicationFailure | undefined;
  /** What a cancel request cuts short just now. */
  let cutShort: CancellationScope | undefined;
  /** Takes the session away from its watch. */
  let leaveWatch: (() => void) | undefined;
  /** A watch that a hint took the session away from. Only what follows it needs it cancelled: an end saves that workflow task. */
  let leftWatch: CancellationScope | undefined;
  /** This run has met the patch `claim-with-create`, and so knows all that are older. */
  let claimsWithCreate = false;
  /** So that a hint beside the local activity that ends a create changes nothing before the watch. */
  let mustWatchFirst = false;
  /** The schedule's clock starts anew with each change and each hint. */
  let scheduleStartMs = Date.now();

  setHandler(statusQuery, () => view);
  setHandler(checkNowSignal, () => {
    hinted = true;
    leaveWatch?.();
  });
  setHandler(deliveryFailedSignal, (said) => {
    // Whoever may signal can say anything, and the view is shown as Markdown.
    const method = said === 'SMS' || said === 'EMAIL' ? said : 'UNKNOWN';
    view.deliveryFailure ??= { at: new Date().toISOString(), method };
    setCurrentDetails(currentDetails(view));
  });
  CancellationScope.current().cancelRequested.catch(() => {
    cancelRequested = true;
    cutShort?.cancel();
    leaveNoWatch();
  });

  /** Runs `work` until a cancel request cuts it short; then gives undefined. */
  async function interruptible<T>(work: () => Promise<T>): Promise<T | undefined> {
    const scope = new CancellationScope();
    cutShort = scope;
    try {
      return await scope.run(work);
    } catch (error) {
      if (isCancellation(error)) return undefined;
      throw error;
    } finally {
      cutShort = undefined;
    }
  }

  /** Watches until something changes, or a hint comes; then gives undefined. */
  async function watchUntilHint(watchInput: WatchInput): Promise<Observation | undefined> {
    const scope = CancellationScope.current();
    const left = new Trigger<undefined>();
    leaveWatch = () => {
      // Sessions from before cancelled the watch at each hint.
      if (!claimsWithCreate && !patched('leave-watch-at-hint')) return scope.cancel();
      leftWatch = scope;
      left.resolve(undefined);
    };
    try {
      const watched = unlessNoAnswer(watch.watchSession(watchInput));
      if (hinted) leaveWatch();
      return await Promise.race([watched, left]);
    } finally {
      leaveWatch = undefined;
    }
  }

  function leaveNoWatch(): void {
    leftWatch?.cancel();
    leftWatch = undefined;
  }

  /** All that is known: a session that another workflow started has but its state and Plaid flow. */
  function attributes(): SessionAttributes {
    const { plaidFlow, userAttribute: user } = input;
    return { plaidFlow, user, plaidSessionHash: created?.plaidSessionHash };
  }

  function enter(state: SessionState): void {
    if (!mayFollow(view.state, state))
      throw new TypeError(`a session cannot go from ${view.state} to ${state}`);
    view.state = state;
    view.changedAt = new Date().toISOString();
    upsertSearchAttributes(searchAttributes({ state, ...attributes() }));
    setCurrentDetails(currentDetails(view));
    const { plaidFlow: plaid_flow } = view;
    if (isEndState(state)) metrics.sessionsEnded({ plaid_flow, state });
    if (state === 'COMPLETED') metrics.timeToComplete(secondsSince(view.createdAt), { plaid_flow });
  }

  async function makeSession(): Promise<void> {
    if (!cancelRequested) {
      // Sessions from before claimed their row by a local activity first, as do still those whose create must not be repeated.
      claimsWithCreate = input.delivery === undefined && patched('claim-with-create');
      created = await interruptible(() => createSession(input, { claimsWithCreate }));
      mustWatchFirst = claimsWithCreate;
    }
    if (!created) {
      answer.refuse(
        ApplicationFailure.nonRetryable('the session was cancelled before it was made', 'SESSION_CANCELLED'),
      );
      return enter('CANCELLED');
    }
    answer.give(linkOf(created, input));
    view.expiresAt = created.expiresAt;
    if (created.uncertain) view.lastError = created.uncertain;
    else view.plaidStatus = 'CREATED';
    scheduleStartMs = Date.now();
    enter('WAITING');
    const { key, parentId } = input;
    const { url, expiresAt } = created;
    if (parentId !== undefined) await tellParent(parentId, { key, url, expiresAt });
  }

  /** The next observation: a get at once after a hint, else a watch. Undefined when it was cut short or got no answer. */
  async function observe(session: Created): Promise<Observation | undefined> {
    const watchInput: WatchInput = {
      key: input.key,
      plaidFlow: input.plaidFlow,
      plaidSessionId: session.plaidSessionId,
      update: input.update !== undefined,
      known: {
        plaidStatus: view.plaidStatus,
        results: view.results,
        health: view.health,
        exitError: view.exitError,
      },
      changedAtMs: scheduleStartMs,
      notBeforeMs: view.plaidStatus === undefined ? scheduleStartMs : scheduleStartMs + MIN_POLL_DELAY_MS,
      deadlineMs: Date.parse(session.expiresAt) + rules.graceMs,
    };
    if (!hinted || mustWatchFirst) {
      mustWatchFirst = false;
      leaveNoWatch();
      return await interruptible(() => watchUntilHint(watchInput));
    }
    hinted = false;
    const observation = await interruptible(() => unlessNoAnswer(urgent.getSession(watchInput)));
    scheduleStartMs = Date.now();
    return observation;
  }

  /** Takes in what a get found, and tells whether it was the last one. */
  function take(observation: Observation): boolean {
    const { plaidStatus, results, health, exitError, deadlinePassed } = observation;
    if (plaidStatus !== view.plaidStatus || results !== view.results) {
      view.changedAt = new Date().toISOString();
      scheduleStartMs = Date.now();
    }
    if (!wasOpened(view.plaidStatus) && wasOpened(plaidStatus))
      metrics.timeToOpen(secondsSince(view.createdAt), { plaid_flow: view.plaidFlow });
    Object.assign(view, { plaidStatus, results, health });
    if (exitError) view.exitError = exitError;
    if (health.kind !== 'OK') view.lastError = health.error;
    setCurrentDetails(currentDetails(view));
    // A completion whose tokens have not been shown yet is asked for again: the tokens are what matters.
    const isDone = plaidStatus === 'COMPLETED' && (results > 0 || input.update !== undefined);
    return deadlinePassed || plaidStatus === 'EXPIRED' || isDone;
  }

  async function watchToEnd(session: Created): Promise<void> {
    for (;;) {
      if (cancelRequested && view.state === 'WAITING') enter('CANCELLING');
      // Where only an exchange would make an item, and in update mode, nothing comes of a link that nobody waits for.
      if (cancelRequested && (!rules.makesItems || input.update)) break;
      if (workflowInfo().continueAsNewSuggested) await resumeInNewRun(session);
      const afterHint = hinted;
      const resultsBefore = view.results;
      const observation = await observe(session);
      if (observation && take(observation)) break;
      if (view.results > resultsBefore && !cancelRequested)
        await tellExchange({ last: false, results: view.results });
      if (afterHint) await sleep(GATHER_HINTS_MS, { summary: 'Gather hints' });
    }
    if (cancelRequested) {
      if (view.state === 'WAITING') enter('CANCELLING');
      leaveNoWatch();
      await removeResults(input.key);
      enter('CANCELLED');
    } else if (view.plaidStatus === 'COMPLETED' && input.update) {
      await confirmItemHealthy(input.update.itemId);
      enter('COMPLETED');
    } else if (view.plaidStatus === 'COMPLETED' && view.results === 0) {
      throw ApplicationFailure.nonRetryable('Plaid said COMPLETED, but never showed a token', 'NO_RESULTS');
    } else {
      enter(view.plaidStatus === 'COMPLETED' ? 'COMPLETED' : 'EXPIRED');
    }
  }

  /** The item may stay broken, whatever the person did, or be gone: then its session has COMPLETED all the same. */
  async function confirmItemHealthy(itemId: string): Promise<void> {
    const healthyAt = await describe.confirmItemHealthy(itemId).catch(() => undefined);
    view.update = { itemId, healthyAt };
  }

  async function resumeInNewRun(session: Created): Promise<void> {
    await condition(allHandlersFinished);
    await continueAsNew<typeof hostedLinkSession>({
      ...input,
      resumed: { view, created: session, cancelRequested },
    });
  }

  async function tellExchange(completion: LinkCompleted): Promise<void> {
    const { key, notify, plaidFlow, allowDuplicates } = input;
    await signalCompletion({ key, notify, plaidFlow, allowDuplicates }, completion, {
      isStarted: view.exchangeStarted,
      attributes: attributes(),
    });
    view.exchangeStarted = true;
  }

  /** Only failures of activities and of ours end a session; any other error is a bug, and blocks the workflow task until it is mended. */
  function fail(error: unknown): void {
    const cause = applicationFailureOf(error);
    if (!cause && !(error instanceof ActivityFailure)) throw error;
    const plaidError = plaidErrorOf(error);
    view.lastError = plaidError ?? vaultErrorOf(cause) ?? view.lastError;
    if (cause?.type === SESSION_ENDED) [view.endedBefore] = cause.details as [SessionState];
    failure = ApplicationFailure.create({
      type: cause?.type ?? 'NO_ANSWER',
      message: plaidError?.message ?? cause?.message ?? 'Plaid could not be reached in time',
      nonRetryable: true,
      details: [plaidError, input.requestDigest],
    });
    answer.refuse(failure);
    const neverSeen = created?.uncertain !== undefined && view.plaidStatus === undefined;
    const isUncertain = cause?.type === DELIVERY_UNCERTAIN || (neverSeen && view.state === 'WAITING');
    enter(isUncertain ? 'DELIVERY_UNCERTAIN' : 'FAILED');
  }

  /** Tells those who wait for the end. An exchange tells the caller's workflows itself, once it has ended. */
  async function announceEnd(): Promise<void> {
    const { key, state, results } = view;
    if (view.exchangeStarted || (results > 0 && state !== 'CANCELLED'))
      await tellExchange({ last: true, state, results });
    else {
      const itemIds = view.update?.healthyAt === undefined ? [] : [view.update.itemId];
      const notice = { key, state, itemIds };
      view.notices = await (claimsWithCreate || patched('callbacks')
        ? tellOfEnd(input.notify, input.plaidFlow, notice)
        : notifyAll(input.notify, notice));
    }
    await vault.endSession(key, state, workflowInfo().firstExecutionRunId);
    await condition(allHandlersFinished);
  }

  return await CancellationScope.nonCancellable(async () => {
    try {
      if (!created) await makeSession();
      if (created && !isEndState(view.state)) await watchToEnd(created);
    } catch (error) {
      fail(error);
    }
    await announceEnd();
    if (failure) throw failure;
    if (view.state === 'CANCELLED') throw new CancelledFailure('the session was cancelled');
    return view;
  });
}

/** No item may be left behind that nobody asked for. */
async function removeResults(key: string): Promise<void> {
  const results = await vault.listResults(key);
  await Promise.all(
    results.map(async (result) => {
      const { state } = await exchange.removeResult(result.resultId);
      if (result.state === 'PENDING' && state !== 'PENDING') metrics.resultsEnded({ state });
    }),
  );
}

function secondsSince(time: string): number {
  return (Date.now() - Date.parse(time)) / 1_000;
}

/** Also when the person has left, or finished, since. */
function wasOpened(plaidStatus: string | undefined): boolean {
  return plaidStatus === 'OPENED' || plaidStatus === 'EXITED' || plaidStatus === 'COMPLETED';
}

function linkOf({ url, expiresAt }: Created, { requestDigest }: SessionInput): Link {
  return { url, expiresAt, requestDigest };
}

function newView({ key, plaidFlow, update }: SessionInput): SessionView {
  const now = new Date().toISOString();
  return {
    key,
    plaidFlow,
    state: 'CREATING',
    plaidStatus: undefined,
    createdAt: now,
    changedAt: now,
    expiresAt: undefined,
    health: { kind: 'OK' },
    lastError: undefined,
    results: 0,
    update,
    exchangeStarted: false,
    notices: [],
  };
}
