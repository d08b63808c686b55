import { setTimeout as delay } from 'node:timers/promises';

/** Waits `ms` milliseconds, or until the signal comes: then it ends early, without an error. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
