import type { Bench } from '../bench';
import { packageVersion } from '../machine';
import { alternate, compare, makeCalls } from '../measure';
import { startOurs, type Ours } from '../temporal/ours';
import { startBenchInfrastructure, type BenchInfrastructure } from '../temporal/infrastructure';

/**
 * All sessions of a round at once, on a Plaid that takes its time. A worker process has 100 slots for activities, and a session calls
 * three times: so 100 slots and 8 s a call let through four sessions a second, for which no server is too slow. They are far more
 * than two processes have slots, so that the last sessions, with slots to spare, do not count for much.
 */
const SIZE = { full: { sessions: 600, plaidMs: 8_000 }, smoke: { sessions: 3, plaidMs: 50 } };

/** A round takes four minutes, and there is nothing to warm up. */
const MOST_ROUNDS = 2;

const NAMESPACE = 'two-workers';

export const twoWorkers: Bench = {
  name: 'two-workers',
  what: 'the same sessions on one worker process and on two, where Plaid is slow and the Temporal server is not the limit',
  async run({ scale, rounds, log }) {
    const { sessions, plaidMs } = SIZE[scale];
    const infrastructure = await startBenchInfrastructure(log, [NAMESPACE]);
    try {
      const [one, two] = await Promise.all([
        startOurs(infrastructure),
        startOurs(infrastructure, { namespace: NAMESPACE, workers: 2 }),
      ]);
      for (const endpoint of ['/link_delivery/create', '/link_delivery/get', '/item/get'] as const)
        infrastructure.sandbox.fault(
          endpoint,
          { kind: 'delay_before_work', holdMs: plaidMs },
          { times: Infinity },
        );
      log(`${sessions} sessions a round, all at once; each call to Plaid takes ${plaidMs / 1_000} s`);
      const round = (ours: Ours) => async () => ({
        perSecond: sessions / (await secondsFor(infrastructure, ours, sessions)),
      });
      const measured = await alternate(
        { one: round(one), two: round(two) },
        { rounds: Math.min(rounds, MOST_ROUNDS), warmUps: 0 },
      );
      const row = compare({
        what: 'complete sessions, two worker processes',
        unit: 'sessions/s',
        ours: measured.two.perSecond,
        baseline: { name: 'one', values: measured.one.perSecond },
        reach: { op: '>=', value: 1.8 },
      });
      return { rows: [row], versions: { '@temporalio/worker': packageVersion('@temporalio/worker') } };
    } finally {
      await infrastructure.close();
    }
  },
};

async function secondsFor(
  infrastructure: BenchInfrastructure,
  { client }: Ours,
  sessions: number,
): Promise<number> {
  const { seconds } = await makeCalls({ calls: sessions, atOnce: sessions }, async () => {
    const linkToken = infrastructure.sandbox.issueLinkToken();
    const { key } = await client.start({ linkToken }, { timeoutMs: 300_000 });
    infrastructure.sandbox.session(linkToken).complete();
    await client.checkNow(key);
    await client.waitForEnd(key);
  });
  return seconds;
}
