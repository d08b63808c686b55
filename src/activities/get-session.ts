import { Context } from '@temporalio/activity';
import type { PlaidFlow } from '../domain/plaid-flow';
import { PLAID_FLOW_RULES } from '../domain/plaid-flow';
import { LAST_POLL_PATIENCE_MS, nextPollDelayMs } from '../domain/schedule';
import type { Health, PlaidErrorView } from '../domain/views';
import { classify, errorRetryDelayMs } from '../plaid/error-classes';
import { PlaidError } from '../plaid/errors';
import type { SessionAnswer } from '../plaid/flow-client';
import type { ActivityDeps } from './deps';
import { finalFailure, notYet, passingFailure, plaidErrorView, retryFailure } from './failures';
import { retryStoreUntilShutdown } from './store-until-shutdown';

/** Which session to poll. */
export interface PollInput {
  key: string;
  plaidFlow: PlaidFlow;
  plaidSessionId: string;
  /** True in update mode: tokens that Plaid returns belong to the existing item and are not results. */
  update?: boolean | undefined;
  /** What the workflow knows so far. */
  known: Known;
}

type Known = Pick<Observation, 'plaidStatus' | 'results' | 'health' | 'exitError'>;

/** The input of a watch, which ends when Plaid reports anything new. Times are in milliseconds since the epoch. */
export interface WatchInput extends PollInput {
  /** When the session last changed; the schedule's clock starts here. */
  changedAtMs: number;
  /** No poll before this time. */
  notBeforeMs: number;
  /** Time of the last poll, after which the watch ends. */
  deadlineMs: number;
}

/** What a poll found. */
export interface Observation {
  plaidStatus: string | undefined;
  /** How many results Plaid has returned so far; all of them are in the vault. */
  results: number;
  health: Health;
  /** The error after which the person left, if Plaid reports one. */
  exitError?: PlaidErrorView | undefined;
  /** True when this was the last poll, at the deadline. */
  deadlinePassed: boolean;
}

/** How long polls must fail before the session's health is ERRORS, in milliseconds. */
const ERRORS_UNTIL_UNHEALTHY_MS = 5 * 60_000;

/** What an attempt of a watch passes to the next one in its heartbeat details. */
interface ErrorStreak {
  sinceMs: number;
  count: number;
}

/** Makes the activities that poll Plaid for a session. */
export function getSessionActivities({ plaidFlows, vault, metrics, now }: ActivityDeps) {
  /** Polls once, and stores the tokens before it returns. */
  async function poll(input: PollInput): Promise<Pick<Observation, 'plaidStatus' | 'results' | 'exitError'>> {
    const { plaidFlow, plaidSessionId, known } = input;
    const answer = await plaidFlows[plaidFlow].get(plaidSessionId);
    const { status: plaidStatus, exitError, completedAt } = answer;
    const results = await keep(input, answer);
    if (completedAt !== undefined && plaidStatus === 'COMPLETED' && known.plaidStatus !== 'COMPLETED')
      metrics.completionSeenDelay(((await now()) - Date.parse(completedAt)) / 1_000, {
        plaid_flow: plaidFlow,
      });
    return { plaidStatus, results, exitError };
  }

  /**
   * Stores the tokens of an answer in the vault, because Plaid may return them only once, and returns the number of results. If the
   * session is COMPLETED without tokens, an earlier attempt may have stored them and then lost its own answer.
   */
  async function keep({ key, update, known }: PollInput, { status, tokens }: SessionAnswer): Promise<number> {
    if (update) return 0;
    if (tokens.length > 0)
      return (await retryStoreUntilShutdown(() => vault.results.record(key, tokens))).length;
    return status === 'COMPLETED' ? (await vault.results.list(key)).length : known.results;
  }

  return {
    /** Polls once. No error of Plaid's is final here: the watch decides what it means. */
    async getSession(input: PollInput): Promise<Observation> {
      try {
        return { ...(await poll(input)), health: { kind: 'OK' }, deadlinePassed: false };
      } catch (error) {
        throw error instanceof PlaidError ? passingFailure(error) : error;
      }
    },

    /**
     * Polls until something new is found or the deadline passes. Each attempt polls once; without news it throws a benign failure
     * with the delay of the next attempt. Throws a final failure on errors that no retry can fix.
     */
    async watchSession(input: WatchInput): Promise<Observation> {
      const { info } = Context.current();
      const nowMs = await now();
      if (nowMs < input.notBeforeMs) {
        throw notYet(`${shown(input.known)}; next poll`, input.notBeforeMs - nowMs);
      }
      const dueMs = Math.max(info.currentAttemptScheduledTimestampMs, input.notBeforeMs);
      metrics.pollDelay((nowMs - dueMs) / 1_000, { plaid_flow: input.plaidFlow });
      const deadlinePassed = nowMs >= input.deadlineMs;
      const streak = info.heartbeatDetails as ErrorStreak | undefined;
      try {
        const found = await poll(input);
        const changed =
          found.plaidStatus !== input.known.plaidStatus ||
          found.results !== input.known.results ||
          found.exitError?.type !== input.known.exitError?.type ||
          input.known.health.kind !== 'OK';
        if (changed || deadlinePassed) return { ...found, health: { kind: 'OK' }, deadlinePassed };
        if (streak) Context.current().heartbeat(undefined);
      } catch (error) {
        if (!(error instanceof PlaidError)) throw error;
        return healthAfter(error, input, nowMs, streak);
      }
      const delayMs = nextPollDelayMs({
        sinceChangeMs: nowMs - input.changedAtMs,
        untilDeadlineMs: input.deadlineMs - nowMs,
        maxDelayMs: PLAID_FLOW_RULES[input.plaidFlow].maxPollDelayMs,
        jitter: Math.random(),
      });
      throw notYet(`${shown(input.known)}; next poll`, delayMs);
    },
  };
}

/** Ends the watch if a failed poll changes the session's health, or if the last poll has failed for too long; else throws for a retry. */
function healthAfter(
  error: PlaidError,
  { plaidFlow, known, deadlineMs }: WatchInput,
  nowMs: number,
  streak: ErrorStreak | undefined,
): Observation {
  const errorClass = classify(error);
  if (errorClass === 'permanent' || errorClass === 'person') {
    if (nowMs < deadlineMs - PLAID_FLOW_RULES[plaidFlow].graceMs) throw finalFailure(error);
    // Plaid may refuse the token of a link that has expired instead of saying EXPIRED.
    const health: Health = { kind: 'ERRORS', error: plaidErrorView(error) };
    return { ...known, health, deadlinePassed: true };
  }
  const { sinceMs, count } = streak ?? { sinceMs: nowMs, count: 0 };
  const kind =
    errorClass === 'operator' ? 'OPERATOR' : nowMs - sinceMs >= ERRORS_UNTIL_UNHEALTHY_MS ? 'ERRORS' : 'OK';
  const worse = kind !== 'OK' && kind !== known.health.kind && known.health.kind !== 'OPERATOR';
  const givesUp = nowMs >= deadlineMs + LAST_POLL_PATIENCE_MS;
  if (worse || givesUp) {
    const health: Health = { kind: kind === 'OK' ? 'ERRORS' : kind, error: plaidErrorView(error) };
    return { ...known, health, deadlinePassed: givesUp };
  }
  Context.current().heartbeat({ sinceMs, count: count + 1 } satisfies ErrorStreak);
  const backoffMs = errorRetryDelayMs(error, count + 1, Math.random());
  const untilDeadlineMs = deadlineMs - nowMs;
  throw retryFailure(error, untilDeadlineMs > 0 ? Math.min(backoffMs, untilDeadlineMs) : backoffMs);
}

/** The Web UI shows this as the last failure of a pending watch, so it is written for people. */
function shown({ plaidStatus }: Known): string {
  return plaidStatus === undefined ? 'not polled yet' : `still ${plaidStatus}`;
}
