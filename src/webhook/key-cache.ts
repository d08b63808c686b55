import { createPublicKey, type KeyObject } from 'node:crypto';
import { HOUR, MINUTE, SECOND } from '../domain/time';
import { PlaidApiError } from '../plaid/errors';
import type { WebhookVerificationKey } from '../plaid/plaid';
import { withTimeout } from './with-timeout';

/**
 * How long a key is used before Plaid is asked again whether it has expired, in milliseconds: 24 h. Plaid names no time; it
 * rotates keys and asks that an expired one be refused.
 */
export const KEY_LIFE_MS = 24 * HOUR;

/** How long Plaid's "no such key" is believed, in milliseconds: shorter than the second wait between Plaid's attempts, 2 min. */
export const UNKNOWN_LIFE_MS = 1 * MINUTE;

/** How long after a fetch that failed the same key is not asked for again, in milliseconds. */
export const FAILURE_PAUSE_MS = 5 * SECOND;

/** How long a webhook waits for its key, in milliseconds. The fetch goes on, so that Plaid's next attempt finds the key. */
const KEY_WAIT_MS = 3 * SECOND;

/**
 * Fetches of keys never seen before: this many at once, and then one in each {@link BUDGET_REFILL_MS} (milliseconds). Anybody can
 * send ids of keys that do not exist; Plaid itself has only a few.
 */
export const UNKNOWN_KEY_BUDGET = 10;
export const BUDGET_REFILL_MS = 10 * SECOND;

/** Why there is no key to verify with. UNKNOWN and EXPIRED are the sender's fault, UNAVAILABLE may pass. */
export class WebhookKeyError extends Error {
  constructor(
    readonly code: 'UNKNOWN' | 'EXPIRED' | 'UNAVAILABLE',
    cause?: unknown,
  ) {
    super(`the webhook's key is ${code.toLowerCase()}`, { cause });
    this.name = 'WebhookKeyError';
  }
}

interface CachedKey {
  key: KeyObject;
  expired: boolean;
  fetchedAt: number;
}

export interface WebhookKeyCacheOptions {
  /** `PlaidClient.webhookVerificationKeyGet`. */
  fetchKey: (keyId: string) => Promise<WebhookVerificationKey>;
  /** In milliseconds. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Default {@link KEY_WAIT_MS}. */
  waitMs?: number | undefined;
}

/**
 * Plaid's public keys by id. A key is fetched once however many webhooks wait for it, and again once it is
 * {@link KEY_LIFE_MS} old. What strangers can cause, fetches of unknown ids, is bounded by a budget that known keys do not need.
 */
export class WebhookKeyCache {
  readonly #fetchKey: WebhookKeyCacheOptions['fetchKey'];
  readonly #now: () => number;
  readonly #waitMs: number;
  /** Only keys that Plaid has given, so it stays small. */
  readonly #keys = new Map<string, CachedKey>();
  readonly #fetches = new Map<string, Promise<CachedKey>>();
  /** Outcomes of failed fetches, and until when (ms) they hold. The budget keeps it small. */
  readonly #failures = new Map<string, { error: WebhookKeyError; until: number }>();
  #budget = UNKNOWN_KEY_BUDGET;
  #budgetCountedAt: number;

  constructor({ fetchKey, now = Date.now, waitMs = KEY_WAIT_MS }: WebhookKeyCacheOptions) {
    this.#fetchKey = fetchKey;
    this.#now = now;
    this.#waitMs = waitMs;
    this.#budgetCountedAt = now();
  }

  /** @throws WebhookKeyError */
  async get(keyId: string): Promise<KeyObject> {
    const cached = this.#keys.get(keyId);
    const isFresh = cached !== undefined && this.#now() - cached.fetchedAt < KEY_LIFE_MS;
    const { key, expired } = isFresh
      ? cached
      : await withTimeout(
          this.#waitMs,
          this.#fetch(keyId, cached !== undefined),
          () => new WebhookKeyError('UNAVAILABLE'),
        );
    if (expired) throw new WebhookKeyError('EXPIRED');
    return key;
  }

  /** @throws WebhookKeyError at once, when the id failed a moment ago or the budget is used up */
  #fetch(keyId: string, isKnown: boolean): Promise<CachedKey> {
    const underWay = this.#fetches.get(keyId);
    if (underWay) return underWay;
    this.#forgetFailures();
    const failure = this.#failures.get(keyId);
    if (failure) throw failure.error;
    if (!isKnown && !this.#takeFromBudget()) throw new WebhookKeyError('UNAVAILABLE');
    const fetch = this.#fetchOnce(keyId).finally(() => this.#fetches.delete(keyId));
    this.#fetches.set(keyId, fetch);
    return fetch;
  }

  async #fetchOnce(keyId: string): Promise<CachedKey> {
    try {
      const { keyId: givenId, x, y, expired } = await this.#fetchKey(keyId);
      if (givenId !== keyId) throw new Error('Plaid answered with another key');
      const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
      const cached = { key, expired, fetchedAt: this.#now() };
      this.#keys.set(keyId, cached);
      return cached;
    } catch (error) {
      const isUnknown =
        error instanceof PlaidApiError && error.errorCode === 'INVALID_WEBHOOK_VERIFICATION_KEY_ID';
      const failure = new WebhookKeyError(isUnknown ? 'UNKNOWN' : 'UNAVAILABLE', error);
      const lifeMs = isUnknown ? UNKNOWN_LIFE_MS : FAILURE_PAUSE_MS;
      this.#failures.set(keyId, { error: failure, until: this.#now() + lifeMs });
      throw failure;
    }
  }

  #forgetFailures(): void {
    for (const [keyId, { until }] of this.#failures) {
      if (until <= this.#now()) this.#failures.delete(keyId);
    }
  }

  #takeFromBudget(): boolean {
    const refills = Math.floor((this.#now() - this.#budgetCountedAt) / BUDGET_REFILL_MS);
    if (refills > 0) {
      this.#budget = Math.min(UNKNOWN_KEY_BUDGET, this.#budget + refills);
      this.#budgetCountedAt += refills * BUDGET_REFILL_MS;
    }
    if (this.#budget === 0) return false;
    this.#budget -= 1;
    return true;
  }
}
