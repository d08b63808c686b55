import { defaultLifetimeMs } from '../../src/domain/schedule';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Numbers in [0, 1) from a seed, by xorshift32 (Marsaglia, Xorshift RNGs, 2003): millions are drawn. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What happens to one session, in milliseconds since its create. */
export interface SimulatedSession {
  /** When Plaid's status changes, in order. */
  changesMs: number[];
  /** Whether the last change is COMPLETED; else the session expires. */
  completes: boolean;
  lifetimeMs: number;
}

/**
 * How people behave, as an assumption that the report states: how the link reaches them, how many open it, leave and finish,
 * and how long each takes (medians of log-normal times, which spread as human delays do).
 */
export interface Behaviour {
  /** Shares of sessions by delivery; what is left is opened in the application. */
  smsShare: number;
  emailShare: number;
  openShare: number;
  leaveShare: number;
  finishShare: number;
  /** Median time until the link is opened, by delivery. */
  openMs: { self: number; sms: number; email: number };
  /** Median time inside the flow. */
  flowMs: number;
  /** Median time until somebody who left comes back. */
  returnMs: number;
  /** The standard deviation of the logarithm of each time. */
  spread: number;
}

export const BEHAVIOUR: Behaviour = {
  smsShare: 0.3,
  emailShare: 0.2,
  openShare: 0.8,
  leaveShare: 0.2,
  finishShare: 0.75,
  openMs: { self: 20 * SECOND, sms: 10 * MINUTE, email: 4 * 60 * MINUTE },
  flowMs: 3 * MINUTE,
  returnMs: 30 * MINUTE,
  spread: 1.2,
};

/** Draws one session. */
export function drawSession(random: () => number, behaviour: Behaviour): SimulatedSession {
  const { smsShare, emailShare, openShare, leaveShare, finishShare, openMs, flowMs, returnMs, spread } =
    behaviour;
  const draw = random();
  const delivery = draw < smsShare ? 'sms' : draw < smsShare + emailShare ? 'email' : 'self';
  const lifetimeMs = defaultLifetimeMs(
    delivery === 'sms' ? 'SMS' : delivery === 'email' ? 'EMAIL' : undefined,
  );
  const time = (medianMs: number) => medianMs * Math.exp(spread * normal(random));
  const changesMs: number[] = [];
  let completes = false;
  if (random() < openShare) {
    let atMs = time(openMs[delivery]);
    changesMs.push(atMs);
    if (random() < leaveShare) {
      const leftMs = atMs + time(flowMs);
      atMs = leftMs + time(returnMs);
      changesMs.push(leftMs, atMs);
    }
    completes = random() < finishShare;
    if (completes) changesMs.push(atMs + time(flowMs));
  }
  const inTime = changesMs.filter((atMs) => atMs < lifetimeMs);
  return { changesMs: inTime, completes: completes && inTime.length === changesMs.length, lifetimeMs };
}

/** A number of the standard normal distribution (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
