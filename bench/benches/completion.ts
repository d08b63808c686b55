import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Reach, Row } from '../bench';
import { packageVersion } from '../machine';
import { alternate, compare, makeCalls, measureGrowth, percentile, state } from '../measure';
import { startBareTemporal } from '../baselines/bare-temporal';
import { startInMemoryService } from '../baselines/in-memory';
import type { SessionContender } from '../temporal/contender';
import { startOurs } from '../temporal/ours';
import { startBenchInfrastructure, type BenchInfrastructure } from '../temporal/infrastructure';

/** By webhook: the sessions of a round. By polling: how many sessions, and how late the last person finishes. */
const SIZE = {
  full: {
    calls: 24,
    atOnce: 4,
    polled: 24,
    longestWaitMs: 60_000,
    leastWork: 4,
  },
  smoke: { calls: 3, atOnce: 3, polled: 2, longestWaitMs: 1_000, leastWork: 1 },
};

/** From the moment at which the person finishes. */
const FIGURES = {
  keptP50: 'until the token is in the database, p50',
  keptP99: 'until the token is in the database, p99',
  storedP50: 'until the item is, p50',
  storedP99: 'until the item is, p99',
};
type Figure = keyof typeof FIGURES;

export const completion: Bench = {
  name: 'completion',
  what: 'from the moment at which the person finishes to the row of the item: by webhook, beside a bare Temporal workflow and a service in memory, which believe each webhook; and by polling alone',
  async run({ scale, rounds, log }) {
    const size = SIZE[scale];
    const infrastructure = await startBenchInfrastructure(log);
    try {
      const [bare, inMemory, ours] = await Promise.all([
        startBareTemporal(infrastructure),
        startInMemoryService(infrastructure),
        startOurs(infrastructure),
      ]);
      log(`by polling alone: ${size.polled} sessions, finished within ${size.longestWaitMs / 1_000} s`);
      const lags = await pollLags(infrastructure, ours, size);
      log(`by webhook: ${size.calls} sessions a round, ${size.atOnce} at once`);
      const round = (contender: SessionContender) => () => webhookRound(infrastructure, contender, size);
      const measured = await alternate(
        { bare: round(bare), inMemory: round(inMemory), ours: round(ours) },
        { rounds },
      );
      const byWebhook = (figure: Figure, baseline: 'bare' | 'inMemory', reach?: Reach) =>
        compare({
          what: `by webhook, ${FIGURES[figure]}`,
          unit: 'ms',
          ours: measured.ours[figure],
          baseline: { name: { bare, inMemory }[baseline].name, values: measured[baseline][figure] },
          ...(reach && { reach }),
        });
      log('growth');
      const growth = await measureGrowth(
        {
          name: 'completion-growth',
          what: 'sessions that a webhook ends',
          leastWork: size.leastWork,
          rounds,
        },
        async (calls) =>
          (await makeCalls({ ...size, calls }, () => finishByWebhook(infrastructure, ours))).seconds,
      );
      const rows: Row[] = [
        byWebhook('keptP50', 'bare', { op: '<=', value: 1.25 }),
        byWebhook('keptP99', 'bare'),
        byWebhook('storedP50', 'bare', { op: '<=', value: 1.25 }),
        byWebhook('storedP99', 'bare'),
        byWebhook('storedP50', 'inMemory'),
        byWebhook('storedP99', 'inMemory'),
        growth.row,
        state(
          'by polling, lag of each session',
          's',
          lags.map(({ lagMs }) => lagMs / 1_000),
        ),
        state(
          'by polling, the largest lag beyond a tenth of the time since the last change',
          's',
          [Math.max(...lags.map(({ lagMs, elapsedMs }) => lagMs - elapsedMs / 10)) / 1_000],
          { op: '<=', value: 6 },
        ),
      ];
      return {
        rows,
        plots: [growth.plot],
        versions: { '@temporalio/worker': packageVersion('@temporalio/worker') },
      };
    } finally {
      await infrastructure.close();
    }
  },
};

async function webhookRound(
  infrastructure: BenchInfrastructure,
  contender: SessionContender,
  size: { calls: number; atOnce: number },
): Promise<Record<Figure, number>> {
  const finishedAtMs = new Map<string, number>();
  await makeCalls(size, async () => {
    const { id, atMs } = await finishByWebhook(infrastructure, contender);
    finishedAtMs.set(id, atMs);
  });
  const tookMs = (until: Map<string, number>) =>
    Float64Array.from(finishedAtMs, ([id, atMs]) => until.get(id)! - atMs).sort();
  const stored = tookMs(await contender.storedAtMs());
  const kept = contender.keptAtMs ? tookMs(await contender.keptAtMs()) : stored;
  return {
    keptP50: percentile(kept, 0.5),
    keptP99: percentile(kept, 0.99),
    storedP50: percentile(stored, 0.5),
    storedP99: percentile(stored, 0.99),
  };
}

/** One session, from its start to the end of all that it leads to, and when its person finished. */
async function finishByWebhook(
  infrastructure: BenchInfrastructure,
  contender: SessionContender,
): Promise<{ id: string; atMs: number }> {
  const linkToken = infrastructure.sandbox.issueLinkToken({ webhook: contender.webhookUrl });
  const id = await contender.start(linkToken);
  const atMs = Date.now();
  infrastructure.sandbox.session(linkToken).complete();
  await contender.ended(id);
  return { id, atMs };
}

/** Of sessions whose persons finish one after the other: how long each had been unchanged, and how late its item was stored. */
async function pollLags(
  infrastructure: BenchInfrastructure,
  ours: SessionContender,
  { polled, longestWaitMs }: { polled: number; longestWaitMs: number },
): Promise<{ elapsedMs: number; lagMs: number }[]> {
  const finished = await Promise.all(
    Array.from({ length: polled }, async (_, index) => {
      const linkToken = infrastructure.sandbox.issueLinkToken();
      const id = await ours.start(linkToken);
      const startedMs = Date.now();
      await delay((longestWaitMs * (index + 1)) / polled);
      const atMs = Date.now();
      infrastructure.sandbox.session(linkToken).complete();
      await ours.ended(id);
      return { id, atMs, elapsedMs: atMs - startedMs };
    }),
  );
  const storedAtMs = await ours.storedAtMs();
  return finished.map(({ id, atMs, elapsedMs }) => ({ elapsedMs, lagMs: storedAtMs.get(id)! - atMs }));
}
