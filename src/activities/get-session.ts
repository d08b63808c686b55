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

/** Which session to get. */
export interface GetInput {
  key: string;
  plaidFlow: PlaidFlow;
  plaidSessionId: string;
  /** Update mode: tokens that Plaid shows are of the item that is there already, and count for nothing. */
  update?: boolean | undefined;
  /** What the workflow knows. */
  known: Known;
}

type Known = Pick<Observation, 'plaidStatus' | 'results' | 'health' | 'exitError'>;

/** The input of a watch, which ends when Plaid says other than what is known. Times are in milliseconds since the epoch. */
export interface WatchInput extends GetInput {
  /** Since when nothing has changed; the schedule's clock starts here. */
  changedAtMs: number;
  /** No get before this time. */
  notBeforeMs: number;
  /** At this time the last get is made, and the watch ends whatever it says. */
  deadlineMs: number;
}

/** What a get found. */
export interface Observation {
  plaidStatus: string | undefined;
  /** How many results Plaid has shown so far; all of them are in the vault. */
  results: number;
  health: Health;
  /** What the person left after, when Plaid tells. */
  exitError?: PlaidErrorView | undefined;
  /** True when this was the last get, at the deadline. */
  deadlinePassed: boolean;
}

/** How long gets must fail before the session's health says so, in milliseconds. */
const ERRORS_UNTIL_UNHEALTHY_MS = 5 * 60_000;

/** What an attempt of a watch leaves to the next one, in its heartbeat details. */
interface ErrorStreak {
  sinceMs: number;
  count: number;
}

/** Activities that ask Plaid how a session stands. */
export function getSessionActivities({ plaidFlows, vault, metrics, now }: ActivityDeps) {
  /** Asks once, and keeps what is there before anything is told. */
  async function get(input: GetInput): Promise<Pick<Observation, 'plaidStatus' | 'results' | 'exitError'>> {
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
   * Keeps the tokens of an answer in the vault, since Plaid may show them only once, and gives how many results that makes. A completion
   * without tokens may be one whose tokens an attempt has stored that could not tell any more.
   */
  async function keep({ key, update, known }: GetInput, { status, tokens }: SessionAnswer): Promise<number> {
    if (update) return 0;
    if (tokens.length > 0)
      return (await retryStoreUntilShutdown(() => vault.results.record(key, tokens))).length;
    return status === 'COMPLETED' ? (await vault.results.list(key)).length : known.results;
  }

  return {
    /** Gets once. What an error means is the watch's to judge, so none of Plaid's is final here. */
    async getSession(input: GetInput): Promise<Observation> {
      try {
        return { ...(await get(input)), health: { kind: 'OK' }, deadlinePassed: false };
      } catch (error) {
        throw error instanceof PlaidError ? passingFailure(error) : error;
      }
    },

    /**
     * Gets again and again until something differs from what is known, or the deadline. Each attempt gets once; "nothing
     * new" is a benign failure with the delay of the next attempt. Fails for good on errors that no retry can mend.
     */
    async watchSession(input: WatchInput): Promise<Observation> {
      const { info } = Context.current();
      const nowMs = await now();
      if (nowMs < input.notBeforeMs) {
        throw notYet(`${shown(input.known)}; next get`, input.notBeforeMs - nowMs);
      }
      const dueMs = Math.max(info.currentAttemptScheduledTimestampMs, input.notBeforeMs);
      metrics.pollDelay((nowMs - dueMs) / 1_000, { plaid_flow: input.plaidFlow });
      const deadlinePassed = nowMs >= input.deadlineMs;
      const streak = info.heartbeatDetails as ErrorStreak | undefined;
      try {
        const found = await get(input);
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
      throw notYet(`${shown(input.known)}; next get`, delayMs);
    },
  };
}

/** Ends the watch when a failed get changes the session's health or the patience with the last get is over; else throws for a retry. */
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

/** Web UI shows this as the last failure of a pending watch, so it is written for people. */
function shown({ plaidStatus }: Known): string {
  return plaidStatus === undefined ? 'not asked yet' : `still ${plaidStatus}`;
}
