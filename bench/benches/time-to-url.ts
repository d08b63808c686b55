import type { Bench, Row } from '../bench';
import { packageVersion } from '../machine';
import { alternate, compare, makeCalls, percentile } from '../measure';
import { startBareTemporal } from '../rivals/bare-temporal';
import type { SessionContender } from '../temporal/contender';
import { startOurs } from '../temporal/ours';
import { openStage } from '../temporal/stage';

/** The sessions of a round, one after the other and 50 at once. */
const SIZE = { full: { oneAtATime: 25, atOnce: 50 }, smoke: { oneAtATime: 3, atOnce: 5 } };
const AT_ONCE = 50;

export const timeToUrl: Bench = {
  name: 'time-to-url',
  what: 'from client.start to the URL, beside a bare update-with-start with one regular activity, on the same Temporal server',
  async run({ scale, rounds, log }) {
    const stage = await openStage(log);
    try {
      const [bare, ours] = await Promise.all([startBareTemporal(stage), startOurs(stage)]);
      const rows: Row[] = [];
      for (const [kind, calls, atOnce] of [
        ['one at a time', SIZE[scale].oneAtATime, 1],
        [`${AT_ONCE} at once`, SIZE[scale].atOnce, AT_ONCE],
      ] as const) {
        log(`${kind}: ${calls} sessions a round`);
        const round = (contender: SessionContender) => async () => {
          const ids: string[] = [];
          const { latenciesMs } = await makeCalls({ calls, atOnce }, async () => {
            ids.push(await contender.start(stage.sandbox.issueLinkToken()));
          });
          await Promise.all(ids.map((id) => contender.terminate(id)));
          return { p50: percentile(latenciesMs, 0.5), p99: percentile(latenciesMs, 0.99) };
        };
        const measured = await alternate({ bare: round(bare), ours: round(ours) }, { rounds });
        for (const figure of ['p50', 'p99'] as const) {
          rows.push(
            compare({
              what: `${figure}, ${kind}`,
              unit: 'ms',
              ours: measured.ours[figure],
              rival: { name: bare.name, values: measured.bare[figure] },
              ...(figure === 'p50' && { reach: { op: '<=', value: 1.25 } }),
            }),
          );
        }
      }
      return { rows, versions: { '@temporalio/client': packageVersion('@temporalio/client') } };
    } finally {
      await stage.close();
    }
  },
};
