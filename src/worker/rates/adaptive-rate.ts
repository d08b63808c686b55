/*
 * Computes the rate limit of a task queue: halved after a 429, raised in small steps while there is none. With additive increase
 * and multiplicative decrease, independent senders converge on a fair share of a limit that none of them knows (Chiu and Jain,
 * 1989). Pure: the caller supplies the clock and stores the limit.
 */

/** The shortest times between changes of a limit, in milliseconds. */
export interface RateTimes {
  /** A queue whose limit was lowered is not lowered again for this long. */
  lowerEveryMs: number;
  /** After this long without a 429 and without a change, the limit is raised by a step. */
  raiseEveryMs: number;
}

/**
 * Lowering waits for longer than a call may take (20 s), so that the calls that had begun before do not count again. Raising
 * waits for a minute, which is what Plaid's published limits count by.
 */
export const RATE_TIMES: Readonly<RateTimes> = { lowerEveryMs: 30_000, raiseEveryMs: 60_000 };

/** How many steps, at most, lie between the lowest limit and the setting. */
const STEPS = 20;

/** The lowest limit, in tasks a second: 30 a minute are enough to notice that Plaid answers again. */
const LOWEST = 0.5;

/** A limit that keeps a task queue below its setting. */
export interface QueueLimit {
  /** Tasks a second; undefined when nothing but the setting limits the queue. */
  perSecond: number | undefined;
  /** True when its last change lowered it. */
  lowered: boolean;
  /** Time since its last change, in milliseconds. */
  unchangedMs: number;
}

/**
 * Returns the limit after a 429: half of the current one, but at least the lowest. Undefined when it does not change.
 * @param setting the most that the queue may do, in tasks a second
 */
export function lowerLimit(
  { perSecond, lowered, unchangedMs }: QueueLimit,
  setting: number,
  times: RateTimes,
): number | undefined {
  if (lowered && unchangedMs < times.lowerEveryMs) return undefined;
  const current = Math.min(perSecond ?? setting, setting);
  const half = Math.max(current / 2, Math.min(LOWEST, setting));
  return half < current ? half : undefined;
}

/**
 * Returns the limit after a time without a 429: one step higher, or `setting` when the limit can be lifted. Undefined when it does
 * not change.
 * @param quietMs for how long there was no 429, in milliseconds
 */
export function raiseLimit(
  { perSecond, unchangedMs }: QueueLimit,
  quietMs: number,
  setting: number,
  times: RateTimes,
): number | undefined {
  if (perSecond === undefined) return undefined;
  if (perSecond >= setting) return setting;
  if (Math.min(quietMs, unchangedMs) < times.raiseEveryMs) return undefined;
  return Math.min(perSecond + setting / STEPS, setting);
}
