import type { Dice } from './dice';
import { pause } from './pause';
import type { Relay } from './relay';
import type { Part, Topology } from './topology';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The pause between two blows, in milliseconds. */
const CALM_MS = { least: 2 * SECOND, most: 8 * SECOND };

/** How long a part stays down, in milliseconds. */
const DOWN_MS = { least: 0, most: 5 * SECOND };

/** Up to longer than a lease (30 s), so that another worker takes the frozen one's work over. In milliseconds. */
const FROZEN_MS = { least: 2 * SECOND, most: 40 * SECOND };

/** How long connections are cut, in milliseconds, and longer until one was. */
const CUTTING_MS = { least: 0.2 * SECOND, most: 3 * SECOND };

/**
 * Where Plaid's clock stands when a webhook's second, third and fourth attempt come, in milliseconds ahead of the real one: 30 s,
 * 2.5 and 10.5 minutes after the first. The fifth one is later than a public token's life.
 */
const AHEAD_AT_ATTEMPTS_MS = [31 * SECOND, 152 * SECOND, 11 * MINUTE];

/** Beyond what the receiver takes: a clock that is a minute ahead, and a webhook that is five minutes old. In milliseconds. */
const DRIFTS_MS = [4 * MINUTE, -6 * MINUTE];

/** One blow that fell, with the time from its beginning until all was up again, in milliseconds since 1970. */
export interface Blow {
  name: string;
  from: number;
  to: number;
}

type Deal = (topology: Topology, dice: Dice, signal: AbortSignal) => Promise<string>;

const crash =
  (partsOf: (topology: Topology, dice: Dice) => readonly Part[]): Deal =>
  async (topology, dice, signal) => {
    const parts = partsOf(topology, dice);
    await Promise.all(parts.map((part) => part.crash()));
    await pause(dice.between(DOWN_MS.least, DOWN_MS.most), signal);
    await Promise.all(parts.map((part) => part.restart()));
    return `${parts.map(({ name }) => name).join(' and ')} killed and started again`;
  };

const freezeWorker: Deal = async ({ workers }, dice, signal) => {
  const worker = workers[dice.chance(0.5) ? 0 : 1]!;
  worker.freeze();
  await pause(dice.between(FROZEN_MS.least, FROZEN_MS.most), signal);
  worker.thaw();
  return `${worker.name} frozen for a while`;
};

const cut =
  (server: string, relayOf: (topology: Topology) => Relay): Deal =>
  async (topology, dice, signal) => {
    const relay = relayOf(topology);
    const { cuts } = relay;
    relay.cutting = true;
    do await pause(dice.between(CUTTING_MS.least, CUTTING_MS.most), signal);
    while (relay.cuts === cuts && !signal.aborted);
    relay.cutting = false;
    return `connections to ${server} cut in the middle of its answers`;
  };

/** The receiver is down while Plaid makes the four attempts that come within a public token's life. */
const missWebhooks: Deal = async (topology, dice, signal) => {
  const { receiver } = topology;
  await receiver.crash();
  await pause(dice.between(1 * SECOND, 4 * SECOND), signal);
  for (const aheadMs of AHEAD_AT_ATTEMPTS_MS) {
    topology.clockAheadMs = aheadMs;
    await pause(1 * SECOND, signal);
  }
  topology.clockAheadMs = 0;
  await receiver.restart();
  return `${receiver.name} down past 10.5 minutes of Plaid's clock`;
};

const driftWebhooks: Deal = async (topology, dice, signal) => {
  const driftMs = DRIFTS_MS[dice.chance(0.5) ? 0 : 1]!;
  topology.clockAheadMs = driftMs;
  await pause(dice.between(2 * SECOND, 6 * SECOND), signal);
  topology.clockAheadMs = 0;
  return `Plaid's clock ${Math.abs(driftMs) / MINUTE} minutes ${driftMs > 0 ? 'fast' : 'slow'} for a while`;
};

/** What falls in one round, in any order: so that a run of ten minutes has all of it. */
const ROUND: readonly Deal[] = [
  ...copies(
    5,
    crash(({ workers }, dice) => [workers[dice.chance(0.5) ? 0 : 1]!]),
  ),
  crash(({ workers }) => workers),
  freezeWorker,
  ...copies(
    2,
    crash(({ temporalServer }) => [temporalServer]),
  ),
  ...copies(
    2,
    crash(({ database }) => [database]),
  ),
  crash(({ receiver }) => [receiver]),
  ...copies(
    2,
    cut('PostgreSQL', ({ databaseRelay }) => databaseRelay),
  ),
  ...copies(
    2,
    cut('the Temporal server', ({ temporalRelay }) => temporalRelay),
  ),
  missWebhooks,
  driftWebhooks,
];

function copies(count: number, deal: Deal): Deal[] {
  return Array.from({ length: count }, () => deal);
}

/** Deals one blow after the other until the signal; each one is over, and the part up again, when this resolves. */
export async function wreakHavoc(topology: Topology, dice: Dice, signal: AbortSignal): Promise<Blow[]> {
  const blows: Blow[] = [];
  for (;;) {
    for (const deal of dice.shuffle(ROUND)) {
      await pause(dice.between(CALM_MS.least, CALM_MS.most), signal);
      if (signal.aborted) return blows;
      const from = Date.now();
      blows.push({ name: await deal(topology, dice, signal), from, to: Date.now() });
    }
  }
}
