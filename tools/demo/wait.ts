import { setTimeout as delay } from 'node:timers/promises';

/** Something did not happen in time. The message says what. */
export class WaitTimeoutError extends Error {
  constructor(what: string, timeoutMs: number) {
    super(`${what} did not happen within ${Math.round(timeoutMs / 1_000)} s`);
    this.name = 'WaitTimeoutError';
  }
}

/** How a wait is bounded. */
export interface Bounds {
  /** Milliseconds. */
  timeoutMs: number;
  /** Ends the wait early. */
  signal: AbortSignal;
}

const CHECK_EVERY_MS = 50;

/**
 * Waits until `holds` gives true.
 * @param what the event that is waited for, as the error's message begins: "the link's expiration"
 * @throws WaitTimeoutError, or the reason of the signal's abort
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { timeoutMs, signal }: Bounds,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    if (await holds()) return;
    if (Date.now() > deadline) throw new WaitTimeoutError(what, timeoutMs);
    await delay(CHECK_EVERY_MS);
  }
}

/**
 * Waits for a promise.
 * @param what as for {@link until}
 * @throws WaitTimeoutError, the reason of the signal's abort, or what the promise rejects with
 */
export async function withTimeout<T>(
  what: string,
  promise: Promise<T>,
  { timeoutMs, signal }: Bounds,
): Promise<T> {
  let stop = () => {};
  const bound = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new WaitTimeoutError(what, timeoutMs)), timeoutMs);
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    stop();
  }
}
