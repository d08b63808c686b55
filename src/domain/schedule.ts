import type { DeliveryMethod } from './plaid-flow';
import { DAY, HOUR, SECOND } from './time';

/** The shortest wait between two gets, in milliseconds: 5 s. */
export const MIN_POLL_DELAY_MS = 5 * SECOND;

/**
 * How long hints are gathered, in milliseconds: 2 s. A session does so after each get that a hint led to, which bounds the events
 * of one that is hinted all the time; the receiver does so after each signal, since the session would only wait with the next.
 */
export const GATHER_HINTS_MS = 2 * SECOND;

/**
 * How long the last get is repeated while it fails, in milliseconds: 6 h, for which Plaid keeps a finished session's data
 * (plaid.com/docs/api/link, 2026-03).
 */
export const LAST_POLL_PATIENCE_MS = 6 * HOUR;

/** The longest life of a hosted URL, in milliseconds: 21 days (`url_lifetime_seconds`, Plaid API 1.697.4). */
export const MAX_LIFETIME_MS = 21 * DAY;

/** How long Plaid keeps a link alive by default, in milliseconds: 24 h sent by SMS, 7 days by e-mail, else a link token's 4 h. */
export function defaultLifetimeMs(delivery: DeliveryMethod | undefined): number {
  if (delivery === 'SMS') return DAY;
  if (delivery === 'EMAIL') return 7 * DAY;
  return 4 * HOUR;
}

/** What {@link nextPollDelayMs} needs to know; all times in milliseconds. */
export interface PollSchedule {
  /** Time since the session last changed, or since a hint. Below 0 counts as 0. */
  sinceChangeMs: number;
  /** Time left until the deadline. The wait never passes it. */
  untilDeadlineMs: number;
  /** The longest wait, from {@link MAX_GET_DELAY_MS}. */
  maxDelayMs: number;
  /** A number in [0, 1) that spreads the gets of many sessions over time. */
  jitter: number;
}

/**
 * How long to wait before the next get, in whole milliseconds: a tenth of the time since the last change, at least
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
