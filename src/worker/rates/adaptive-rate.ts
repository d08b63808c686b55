/*
 * How the rate of a task queue follows what Plaid bears: halved by a 429, raised in small steps while there is none. Additive
 * increase with multiplicative decrease is the rule by which senders who know nothing of each other share a limit that none
 * of them knows (Chiu and Jain, 1989). Pure: whoever uses it brings the clock, and keeps the limit.
 */

/** How long what is under way counts, in milliseconds. */
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

/** The lowest limit, in tasks a second: 30 a minute still find out, for many sessions, when Plaid answers again. */
const LOWEST = 0.5;

/** The limit that holds a task queue below its setting. */
export interface QueueLimit {
  /** Tasks a second; undefined when nothing but the setting limits the queue. */
  perSecond: number | undefined;
  /** True when its last change lowered it. */
  lowered: boolean;
  /** For how long it has been as it is, in milliseconds. */
  unchangedMs: number;
}

/**
 * The limit after a 429: half of it, not below the lowest. Undefined when it is to stay as it is.
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
 * The limit after a look at a queue without a new 429: `setting` when nothing is to hold the queue below it any more.
 * Undefined when it is to stay as it is.
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
