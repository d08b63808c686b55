import { setTimeout as delay } from 'node:timers/promises';
import { classify, errorRetryDelayMs } from '../../plaid/error-classes';
import { PlaidError } from '../../plaid/errors';

/** How often a call is made that fails for now. With the longest waits, after 429s, that takes about four minutes. */
const TRIES = 5;

/** Spaces calls to Plaid, and repeats those that fail for now: all others wait as well, meanwhile. */
export class PlaidPace {
  readonly #betweenMs: number;
  #nextMs = 0;

  /** @param perSecond the most calls a second, above 0 */
  constructor(perSecond: number) {
    this.#betweenMs = 1_000 / perSecond;
  }

  /** @throws PlaidError of the last try, or of the first that no time helps */
  async call<T>(work: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      await this.#turn();
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof PlaidError) || classify(error) !== 'transient' || failures === TRIES)
          throw error;
        const retryMs = performance.now() + errorRetryDelayMs(error, failures, Math.random());
        this.#nextMs = Math.max(this.#nextMs, retryMs);
      }
    }
  }

  async #turn(): Promise<void> {
    const nowMs = performance.now();
    const turnMs = Math.max(this.#nextMs, nowMs);
    this.#nextMs = turnMs + this.#betweenMs;
    if (turnMs > nowMs) await delay(turnMs - nowMs);
  }
}
