import { CancellationScope, Trigger } from '@temporalio/workflow';
import type { Observation, WatchInput } from '../../activities/get-session';
import { PLAID_FLOW_RULES } from '../../domain/plaid-flow';
import { MIN_POLL_DELAY_MS } from '../../domain/schedule';
import { urgent, watch } from '../activity-proxies';
import type { Created, SessionInput, SessionView } from '../messages';
import { unlessNoAnswer } from '../plaid-error';
import type { InterruptibleScope } from './interruptible-scope';

/** Polls Plaid: by a watch, one activity that lasts until something changes, or at once after a hint. */
export class SessionWatcher {
  readonly #input: SessionInput;
  readonly #interruptible: InterruptibleScope;
  #isHinted = false;
  /**
   * Forces one watch before a hinted poll. A hint that lands next to the create's local activity may be replayed in the other
   * order; watching first keeps the commands the same.
   */
  #mustWatchFirst = false;
  /** Stops awaiting the running watch without cancelling it. Undefined while none is awaited. */
  #detachWatch: (() => void) | undefined;
  /**
   * The watch that a hint detached us from. It is cancelled only before the next watch starts: if the session ends instead,
   * skipping the cancel saves a workflow task.
   */
  #detachedWatch: CancellationScope | undefined;
  /** Where the clock of the schedule starts: at the last change, or hint. Milliseconds since the epoch. */
  #scheduleStartMs = Date.now();

  constructor(input: SessionInput, interruptible: InterruptibleScope) {
    this.#input = input;
    this.#interruptible = interruptible;
  }

  /** True when the next observation polls at once. */
  get isHinted(): boolean {
    return this.#isHinted;
  }

  /** Lets the next observation poll at once, and ends the one that is watching. */
  hint(): void {
    this.#isHinted = true;
    this.#detachWatch?.();
  }

  /** Starts the schedule of a session that was just created. */
  beginAfterCreate(): void {
    this.#mustWatchFirst = true;
    this.restartSchedule();
  }

  /** Starts the clock of the schedule anew: the next polls are close together again. */
  restartSchedule(): void {
    this.#scheduleStartMs = Date.now();
  }

  /** Returns what the next watch or hinted poll found; undefined when it was interrupted or got no answer. */
  async observe(created: Created, view: SessionView): Promise<Observation | undefined> {
    const watchInput = this.#watchInput(created, view);
    if (!this.#isHinted || this.#mustWatchFirst) {
      this.#mustWatchFirst = false;
      this.cancelDetachedWatch();
      return await this.#interruptible.run(() => this.#watchUntilHint(watchInput));
    }
    this.#isHinted = false;
    const observation = await this.#interruptible.run(() => unlessNoAnswer(urgent.getSession(watchInput)));
    this.restartSchedule();
    return observation;
  }

  /** Cancels the watch that a hint detached the session from, if there is one. */
  cancelDetachedWatch(): void {
    this.#detachedWatch?.cancel();
    this.#detachedWatch = undefined;
  }

  /** Watches until something changes, or a hint comes; then returns undefined. */
  async #watchUntilHint(watchInput: WatchInput): Promise<Observation | undefined> {
    const scope = CancellationScope.current();
    const detached = new Trigger<undefined>();
    this.#detachWatch = () => {
      this.#detachedWatch = scope;
      detached.resolve(undefined);
    };
    try {
      const watched = unlessNoAnswer(watch.watchSession(watchInput));
      if (this.#isHinted) this.#detachWatch();
      return await Promise.race([watched, detached]);
    } finally {
      this.#detachWatch = undefined;
    }
  }

  #watchInput({ plaidSessionId, expiresAt }: Created, view: SessionView): WatchInput {
    const { key, plaidFlow, update } = this.#input;
    const { plaidStatus, results, health, exitError } = view;
    const changedAtMs = this.#scheduleStartMs;
    return {
      key,
      plaidFlow,
      plaidSessionId,
      update: update !== undefined,
      known: { plaidStatus, results, health, exitError },
      changedAtMs,
      notBeforeMs: plaidStatus === undefined ? changedAtMs : changedAtMs + MIN_POLL_DELAY_MS,
      deadlineMs: Date.parse(expiresAt) + PLAID_FLOW_RULES[plaidFlow].graceMs,
    };
  }
}
