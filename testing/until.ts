import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `condition` holds. Asks every 50 ms, for at most `withinMs` (default 20 s). */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain until ${what}`);
    await delay(50);
  }
}
