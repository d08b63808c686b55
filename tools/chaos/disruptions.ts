import type { Random } from './random';
import { pause } from './pause';
import type { Relay } from './relay';
import type { Part, ChaosDeployment } from './deployment';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The pause between two disruptions, in milliseconds. */
const CALM_MS = { least: 2 * SECOND, most: 8 * SECOND };

/** How long a part stays down, in milliseconds. */
const DOWN_MS = { least: 0, most: 5 * SECOND };

/** Up to longer than a lease (30 s), so that another worker takes the paused one's work over. In milliseconds. */
const PAUSED_MS = { least: 2 * SECOND, most: 40 * SECOND };

/** How long connections are cut, in milliseconds, and longer until one was. */
const CUTTING_MS = { least: 0.2 * SECOND, most: 3 * SECOND };

/**
 * Where Plaid's clock stands when a webhook's second, third and fourth attempt come, in milliseconds ahead of the real one: 30 s,
 * 2.5 and 10.5 minutes after the first. The fifth one is later than a public token's life.
 */
const AHEAD_AT_ATTEMPTS_MS = [31 * SECOND, 152 * SECOND, 11 * MINUTE];

/** Beyond what the receiver takes: a clock that is a minute ahead, and a webhook that is five minutes old. In milliseconds. */
const DRIFTS_MS = [4 * MINUTE, -6 * MINUTE];

/** One disruption, with the time from its beginning until everything was up again, in milliseconds since 1970. */
export interface Disruption {
  name: string;
  from: number;
  to: number;
}

type DisruptionStep = (deployment: ChaosDeployment, random: Random, signal: AbortSignal) => Promise<string>;

const crash =
  (partsOf: (deployment: ChaosDeployment, random: Random) => readonly Part[]): DisruptionStep =>
  async (deployment, random, signal) => {
    const parts = partsOf(deployment, random);
    await Promise.all(parts.map((part) => part.crash()));
    await pause(random.between(DOWN_MS.least, DOWN_MS.most), signal);
    await Promise.all(parts.map((part) => part.restart()));
    return `${parts.map(({ name }) => name).join(' and ')} killed and started again`;
  };

const pauseWorker: DisruptionStep = async ({ workers }, random, signal) => {
  const worker = workers[random.chance(0.5) ? 0 : 1]!;
  worker.pause();
  await pause(random.between(PAUSED_MS.least, PAUSED_MS.most), signal);
  worker.resume();
  return `${worker.name} paused for a while`;
};

const cut =
  (server: string, relayOf: (deployment: ChaosDeployment) => Relay): DisruptionStep =>
  async (deployment, random, signal) => {
    const relay = relayOf(deployment);
    const { cuts } = relay;
    relay.cutting = true;
    do await pause(random.between(CUTTING_MS.least, CUTTING_MS.most), signal);
    while (relay.cuts === cuts && !signal.aborted);
    relay.cutting = false;
    return `connections to ${server} cut in the middle of its answers`;
  };

/** The receiver is down while Plaid makes the four attempts that come within a public token's life. */
const missWebhooks: DisruptionStep = async (deployment, random, signal) => {
  const { receiver } = deployment;
  await receiver.crash();
  await pause(random.between(1 * SECOND, 4 * SECOND), signal);
  for (const aheadMs of AHEAD_AT_ATTEMPTS_MS) {
    deployment.clockAheadMs = aheadMs;
    await pause(1 * SECOND, signal);
  }
  deployment.clockAheadMs = 0;
  await receiver.restart();
  return `${receiver.name} down past 10.5 minutes of Plaid's clock`;
};

const driftWebhooks: DisruptionStep = async (deployment, random, signal) => {
  const driftMs = DRIFTS_MS[random.chance(0.5) ? 0 : 1]!;
  deployment.clockAheadMs = driftMs;
  await pause(random.between(2 * SECOND, 6 * SECOND), signal);
  deployment.clockAheadMs = 0;
  return `Plaid's clock ${Math.abs(driftMs) / MINUTE} minutes ${driftMs > 0 ? 'fast' : 'slow'} for a while`;
};

/** The disruptions of one round, in any order. A run of ten minutes has them all. */
const ROUND: readonly DisruptionStep[] = [
  ...copies(
    5,
    crash(({ workers }, random) => [workers[random.chance(0.5) ? 0 : 1]!]),
  ),
  crash(({ workers }) => workers),
  pauseWorker,
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

function copies(count: number, step: DisruptionStep): DisruptionStep[] {
  return Array.from({ length: count }, () => step);
}

/** Runs one disruption after the other until the signal. When this resolves, the last one is over and all parts are up. */
export async function disrupt(
  deployment: ChaosDeployment,
  random: Random,
  signal: AbortSignal,
): Promise<Disruption[]> {
  const disruptions: Disruption[] = [];
  for (;;) {
    for (const step of random.shuffle(ROUND)) {
      await pause(random.between(CALM_MS.least, CALM_MS.most), signal);
      if (signal.aborted) return disruptions;
      const from = Date.now();
      disruptions.push({ name: await step(deployment, random, signal), from, to: Date.now() });
    }
  }
}
