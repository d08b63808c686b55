import type { Dice } from './dice';
import { pause } from './pause';
import type { Part, Topology } from './topology';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The pause between two blows, in milliseconds. */
const CALM_MS = { least: 3 * SECOND, most: 10 * SECOND };

/** How long a part stays down, in milliseconds. */
const DOWN_MS = { least: 0, most: 5 * SECOND };

/** Past the fourth attempt of a webhook, which is the last one within a public token's life. In milliseconds. */
const PAST_FOURTH_ATTEMPT_MS = 11 * MINUTE;

/** Beyond what the receiver takes of a clock that is ahead (1 min), in milliseconds. */
const DRIFT_MS = 4 * MINUTE;

type Blow = (topology: Topology, dice: Dice, signal: AbortSignal) => Promise<string>;

const crash =
  (partOf: (topology: Topology, dice: Dice) => Part): Blow =>
  async (topology, dice, signal) => {
    const part = partOf(topology, dice);
    await part.crash();
    await pause(dice.between(DOWN_MS.least, DOWN_MS.most), signal);
    await part.restart();
    return `${part.name} killed and started again`;
  };

/** The receiver is down while Plaid makes its attempts, of which the fifth comes too late for a public token. */
const missWebhooks: Blow = async (topology, dice, signal) => {
  const { receiver } = topology;
  await receiver.crash();
  await pause(dice.between(1 * SECOND, 4 * SECOND), signal);
  topology.clockAheadMs = PAST_FOURTH_ATTEMPT_MS;
  await pause(2 * SECOND, signal);
  topology.clockAheadMs = 0;
  await receiver.restart();
  return `${receiver.name} down past 10.5 minutes of Plaid's clock`;
};

const driftWebhooks: Blow = async (topology, dice, signal) => {
  topology.clockAheadMs = DRIFT_MS;
  await pause(dice.between(2 * SECOND, 6 * SECOND), signal);
  topology.clockAheadMs = 0;
  return "Plaid's clock ahead by 4 minutes for a while";
};

const BLOWS: readonly (readonly [weight: number, blow: Blow])[] = [
  [5, crash(({ workers }, dice) => workers[dice.chance(0.5) ? 0 : 1]!)],
  [2, crash(({ temporalServer }) => temporalServer)],
  [2, crash(({ database }) => database)],
  [1, crash(({ receiver }) => receiver)],
  [1.5, missWebhooks],
  [1.5, driftWebhooks],
];

/** Deals one blow after the other until the signal; each one is over, and the part up again, when this resolves. */
export async function wreakHavoc(
  topology: Topology,
  dice: Dice,
  signal: AbortSignal,
  count: (blow: string) => void,
): Promise<void> {
  for (;;) {
    await pause(dice.between(CALM_MS.least, CALM_MS.most), signal);
    if (signal.aborted) return;
    count(await dice.pick(BLOWS)(topology, dice, signal));
  }
}
