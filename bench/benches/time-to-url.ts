import type { Bench, Row } from '../bench';
import { packageVersion } from '../machine';
import { alternate, compare, makeCalls, measureGrowth, percentile, type Taken } from '../measure';
import { startBareTemporal } from '../baselines/bare-temporal';
import { startInMemoryService } from '../baselines/in-memory';
import type { SessionContender } from '../temporal/contender';
import { startOurs } from '../temporal/ours';
import { startBenchInfrastructure, type BenchInfrastructure } from '../temporal/infrastructure';

/** The sessions of a round, one after the other and 50 at once. */
const SIZE = {
  full: { oneAtATime: 25, atOnce: 50, leastWork: 8 },
  smoke: { oneAtATime: 3, atOnce: 5, leastWork: 1 },
};
const AT_ONCE = 50;
const GROWTH_AT_ONCE = 8;

export const timeToUrl: Bench = {
  name: 'time-to-url',
  what: 'from client.start to the URL, beside a bare update-with-start with one regular activity, on the same Temporal server, and a service in memory',
  async run({ scale, rounds, log }) {
    const infrastructure = await startBenchInfrastructure(log);
    try {
      const [bare, inMemory, ours] = await Promise.all([
        startBareTemporal(infrastructure),
        startInMemoryService(infrastructure),
        startOurs(infrastructure),
      ]);
      const rows: Row[] = [];
      for (const [kind, calls, atOnce] of [
        ['one at a time', SIZE[scale].oneAtATime, 1],
        [`${AT_ONCE} at once`, SIZE[scale].atOnce, AT_ONCE],
      ] as const) {
        log(`${kind}: ${calls} sessions a round`);
        const round = (contender: SessionContender) => async () => {
          const { latenciesMs } = await startMany(infrastructure, contender, { calls, atOnce });
          return { p50: percentile(latenciesMs, 0.5), p99: percentile(latenciesMs, 0.99) };
        };
        const measured = await alternate(
          { bare: round(bare), inMemory: round(inMemory), ours: round(ours) },
          { rounds },
        );
        for (const baseline of ['bare', 'inMemory'] as const) {
          for (const figure of ['p50', 'p99'] as const) {
            rows.push(
              compare({
                what: `${figure}, ${kind}`,
                unit: 'ms',
                ours: measured.ours[figure],
                baseline: { name: { bare, inMemory }[baseline].name, values: measured[baseline][figure] },
                ...(baseline === 'bare' && figure === 'p50' && { reach: { op: '<=', value: 1.25 } }),
              }),
            );
          }
        }
      }
      log('growth');
      const growth = await measureGrowth(
        { name: 'time-to-url-growth', what: 'starts', leastWork: SIZE[scale].leastWork, rounds },
        async (calls) => (await startMany(infrastructure, ours, { calls, atOnce: GROWTH_AT_ONCE })).seconds,
      );
      return {
        rows: [...rows, growth.row],
        plots: [growth.plot],
        versions: { '@temporalio/client': packageVersion('@temporalio/client') },
      };
    } finally {
      await infrastructure.close();
    }
  },
};

/** Starts sessions, measures that, and ends them. */
async function startMany(
  infrastructure: BenchInfrastructure,
  contender: SessionContender,
  size: { calls: number; atOnce: number },
): Promise<Taken> {
  const ids: string[] = [];
  const taken = await makeCalls(size, async () => {
    ids.push(await contender.start(infrastructure.sandbox.issueLinkToken()));
  });
  await Promise.all(ids.map((id) => contender.terminate(id)));
  return taken;
}
