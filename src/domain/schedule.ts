import type { DeliveryMethod } from './plaid-flow';
import { DAY, HOUR, SECOND } from './time';

/** The shortest delay between two polls, in milliseconds: 5 s. */
export const MIN_POLL_DELAY_MS = 5 * SECOND;

/**
 * How long hints are gathered, in milliseconds: 2 s. A session waits this long after each hinted poll, which bounds the events of a
 * session that gets hints all the time. The webhook receiver waits as long after each signal, since the session would not poll sooner.
 */
export const GATHER_HINTS_MS = 2 * SECOND;

/**
 * How long the last poll is retried while it fails, in milliseconds: 6 h, as long as Plaid keeps the data of a finished session
 * (plaid.com/docs/api/link, 2026-03).
 */
export const LAST_POLL_PATIENCE_MS = 6 * HOUR;

/** The longest life of a hosted URL, in milliseconds: 21 days (`url_lifetime_seconds`, Plaid API 1.697.4). */
export const MAX_LIFETIME_MS = 21 * DAY;

/** Returns how long Plaid keeps a link alive by default, in milliseconds: 24 h by SMS, 7 days by e-mail, 4 h without delivery. */
export function defaultLifetimeMs(delivery: DeliveryMethod | undefined): number {
  if (delivery === 'SMS') return DAY;
  if (delivery === 'EMAIL') return 7 * DAY;
  return 4 * HOUR;
}

/** The input of {@link nextPollDelayMs}. All times are in milliseconds. */
export interface PollSchedule {
  /** Time since the session last changed, or since a hint. Below 0 counts as 0. */
  sinceChangeMs: number;
  /** Time left until the deadline. The delay never passes it. */
  untilDeadlineMs: number;
  /** Upper bound of the delay: `maxPollDelayMs` in `PLAID_FLOW_RULES`. */
  maxDelayMs: number;
  /** A number in [0, 1) that spreads the polls of many sessions over time. */
  jitter: number;
}

/**
 * Returns the delay before the next poll, in whole milliseconds: a tenth of the time since the last change, at least
 * {@link MIN_POLL_DELAY_MS}, at most `maxDelayMs`, shortened by up to a tenth by the jitter but not below the floor, and
 * never past the deadline (then it may be shorter than the floor; at least 1).
 */
export function nextPollDelayMs({
  sinceChangeMs,
  untilDeadlineMs,
  maxDelayMs,
  jitter,
}: PollSchedule): number {
  const base = Math.min(Math.max(sinceChangeMs / 10, MIN_POLL_DELAY_MS), maxDelayMs);
  const jittered = Math.max(base * (1 - jitter / 10), MIN_POLL_DELAY_MS);
  return Math.max(1, Math.round(Math.min(jittered, untilDeadlineMs)));
}
