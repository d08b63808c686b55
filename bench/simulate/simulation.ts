import { PLAID_FLOW_RULES, type PlaidFlow, type PlaidFlowRules } from '../../src/domain/plaid-flow';
import { MIN_POLL_DELAY_MS, nextPollDelayMs } from '../../src/domain/schedule';
import { type Behaviour, drawSession, seededRandom, type SimulatedSession } from './population';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

/** What a lag may be longer than a tenth of the time since the last change: the shortest wait, and a get. In milliseconds. */
const LAG_ALLOWANCE_MS = 6 * SECOND;

/** How a simulation runs. */
export interface SimulationOptions {
  sessions: number;
  plaidFlow: PlaidFlow;
  behaviour: Behaviour;
  /** The share of changes that a webhook or a redirect tells at once; what it does not, a get finds. */
  hintedShare: number;
  /** The longest wait between two gets, in milliseconds. Default the Plaid flow's own. */
  maxPollDelayMs?: number;
  /** Sessions start evenly over this time, in milliseconds. Default a day. */
  arrivalsMs?: number;
  seed: number;
}

/** What a simulation came to. */
export interface SimulationResult {
  sessions: number;
  completed: number;
  /** Gets, hinted ones included. */
  gets: number;
  /** Lags between a change and the get that found it, in milliseconds, ascending. Hinted changes have none. */
  lagsMs: Float64Array;
  /**
   * By how much the worst lag exceeds its bound (a tenth of the time since the session was last seen to change, plus 6 s; never
   * more than the cap), in milliseconds. Below 0 when all are within.
   */
  worstExcessMs: number;
  /** Gets in each second since the first session, while sessions arrive. */
  getsPerSecond: Uint32Array;
  /** Sessions that are open at once, at the end of the arrivals. */
  openAtEnd: number;
}

/** Plays sessions in virtual time through the product's own schedule function. */
export function simulate(options: SimulationOptions): SimulationResult {
  const { sessions, plaidFlow, behaviour, hintedShare, arrivalsMs = DAY, seed } = options;
  const rules = { ...PLAID_FLOW_RULES[plaidFlow] };
  if (options.maxPollDelayMs !== undefined) rules.maxPollDelayMs = options.maxPollDelayMs;
  const random = seededRandom(seed);
  const lags = new Numbers();
  let worstExcessMs = -Infinity;
  const getsPerSecond = new Uint32Array(Math.ceil(arrivalsMs / SECOND));
  let gets = 0;
  let completed = 0;
  let openAtEnd = 0;
  for (let index = 0; index < sessions; index++) {
    const startMs = random() * arrivalsMs;
    const session = drawSession(random, behaviour);
    if (session.completes) completed++;
    const endMs = watch(session, rules, hintedShare, random, {
      onGet(atMs) {
        gets++;
        const second = Math.floor((startMs + atMs) / SECOND);
        if (second < getsPerSecond.length) getsPerSecond[second]!++;
      },
      onLag(lagMs, sinceChangeMs) {
        lags.add(lagMs);
        const boundMs = Math.min(sinceChangeMs / 10 + LAG_ALLOWANCE_MS, rules.maxPollDelayMs);
        worstExcessMs = Math.max(worstExcessMs, lagMs - boundMs);
      },
    });
    if (startMs + endMs > arrivalsMs) openAtEnd++;
  }
  return {
    sessions,
    completed,
    gets,
    lagsMs: lags.sorted(),
    worstExcessMs,
    getsPerSecond,
    openAtEnd,
  };
}

interface Observer {
  onGet(atMs: number): void;
  onLag(lagMs: number, sinceChangeMs: number): void;
}

/** Watches one session as the worker does, and gives the time of its end. */
function watch(
  { changesMs, completes, lifetimeMs }: SimulatedSession,
  { maxPollDelayMs, graceMs }: PlaidFlowRules,
  hintedShare: number,
  random: () => number,
  { onGet, onLag }: Observer,
): number {
  const deadlineMs = lifetimeMs + graceMs;
  const hints = changesMs.filter(() => random() < hintedShare);
  let sinceMs = 0;
  let known = 0;
  let atMs = MIN_POLL_DELAY_MS;
  for (;;) {
    const hint = hints[0];
    const hinted = hint !== undefined && hint <= atMs;
    if (hinted) atMs = hints.shift()!;
    onGet(atMs);
    const happened = changesMs.filter((changeMs) => changeMs <= atMs).length;
    if (happened > known) {
      if (!hinted) onLag(atMs - changesMs[known]!, changesMs[known]! - sinceMs);
      known = happened;
      sinceMs = atMs;
      if (completes && known === changesMs.length) return atMs;
    } else if (hinted) sinceMs = atMs;
    // Plaid itself says EXPIRED from then on.
    if (atMs >= Math.min(deadlineMs, lifetimeMs)) return atMs;
    atMs += nextPollDelayMs({
      sinceChangeMs: atMs - sinceMs,
      untilDeadlineMs: deadlineMs - atMs,
      maxDelayMs: maxPollDelayMs,
      jitter: random(),
    });
  }
}

/** Millions of numbers, in place that grows. */
class Numbers {
  #values = new Float64Array(1 << 16);
  #length = 0;

  add(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  sorted(): Float64Array {
    return this.#values.slice(0, this.#length).sort();
  }
}
