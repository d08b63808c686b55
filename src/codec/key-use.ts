import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger';

/** How often one key may encrypt with random 96-bit nonces: NIST SP 800-38D, 8.3. */
export const MAX_ENCRYPTIONS = 2 ** 32;

/** From here on each booking warns. Half: what programs without a vault encrypt is not counted, and is less than a worker's part. */
export const WARN_ENCRYPTIONS = MAX_ENCRYPTIONS / 2;

/** So many encryptions are booked at once, before they happen. */
const BLOCK = 2 ** 16;

/** After a booking that failed, the next one waits for so long, in milliseconds. */
const RETRY_MS = 1_000;

export interface KeyUseOptions {
  keyId: string;
  /** Adds to the key's count, which all workers share, and gives the new total. */
  book: (encryptions: number) => Promise<number>;
  /** Is told of each new total. */
  onTotal?: ((encryptions: number) => void) | undefined;
  logger: Logger;
}

/**
 * Counts how often a process encrypts with its primary key, against the limit for random nonces. It books a block ahead of
 * use, so that a crash counts too many and none too few, and never keeps an encryption waiting: while it cannot book, it
 * counts on and books all of it later.
 */
export class KeyUse {
  readonly #options: KeyUseOptions;
  /** Booked and not yet used; below zero while it could not book. */
  #ahead = 0;
  #booking = false;

  constructor(options: KeyUseOptions) {
    this.#options = options;
  }

  /** Counts `encryptions` more. */
  add(encryptions: number): void {
    this.#ahead -= encryptions;
    if (this.#ahead < BLOCK / 2 && !this.#booking) void this.#book();
  }

  async #book(): Promise<void> {
    this.#booking = true;
    const { keyId, book, onTotal, logger } = this.#options;
    const block = BLOCK + Math.max(0, -this.#ahead);
    try {
      const total = await book(block);
      this.#ahead += block;
      onTotal?.(total);
      const facts = { keyId, encryptions: total, limit: MAX_ENCRYPTIONS };
      if (total >= MAX_ENCRYPTIONS)
        logger.error(facts, 'this codec key has encrypted more than it may; replace it at once');
      else if (total >= WARN_ENCRYPTIONS)
        logger.warn(
          facts,
          'this codec key has encrypted half of what it may; add a new one and put it first',
        );
    } catch (error) {
      logger.debug({ keyId, err: error }, 'the use of a codec key cannot be booked yet');
      await delay(RETRY_MS, undefined, { ref: false });
    } finally {
      this.#booking = false;
    }
  }
}
