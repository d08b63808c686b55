import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { freePorts } from '../../testing/child-server';
import { sessionWorkflowId } from '../../src/domain/ids';
import type { Bench, Row } from '../bench';
import { packageVersion } from '../machine';
import { makeCalls, percentile, state } from '../measure';
import { inspect } from '../temporal/inspected';
import { startOurs } from '../temporal/ours';
import { cpuMsOf, residentMiB } from '../temporal/process-use';
import { startBenchInfrastructure } from '../temporal/infrastructure';

/** How many sessions are open at the end, and at how many steps it is looked. */
const SIZE = {
  full: { sessions: 5_000, steps: 5, watchedMs: 10_000 },
  smoke: { sessions: 20, steps: 2, watchedMs: 500 },
};
const STARTS_AT_ONCE = 50;
const SAMPLE = 50;

/** Figures at a number of open sessions. */
interface Figures {
  open: number;
  workerMiB: number;
  /** After a garbage collection: what is in use. */
  workerInUseMiB: number;
  serverMiB: number;
  /** Of one core, while nothing but polling goes on. */
  workerCores: number;
  serverCores: number;
  /** By how much the gets of a sample of sessions are late, in seconds. */
  overdueP50: number;
  overdueMost: number;
}

export const openSessions: Bench = {
  name: 'open-sessions',
  what: 'one worker with its default limits and thousands of sessions that wait: its memory, the load, and how late gets are',
  async run({ scale, openSessions, log }) {
    const { steps, watchedMs, sessions } = {
      ...SIZE[scale],
      ...(openSessions && { sessions: openSessions }),
    };
    const infrastructure = await startBenchInfrastructure(log);
    try {
      const [inspectorPort] = await freePorts(1);
      const ours = await startOurs(infrastructure, {
        unlimited: false,
        nodeOptions: `--inspect=127.0.0.1:${inspectorPort}`,
      });
      const [workerPid] = ours.workerPids;
      const inspected = await inspect(inspectorPort!);
      infrastructure.closeLater(async () => inspected.close());
      const keys: string[] = [];
      const measured: Figures[] = [];
      const plot: [number, number][] = [];
      for (let step = 1; step <= steps; step++) {
        const calls = Math.round((sessions * step) / steps) - keys.length;
        const { seconds } = await makeCalls({ calls, atOnce: STARTS_AT_ONCE }, async () => {
          keys.push(await ours.start(infrastructure.sandbox.issueLinkToken()));
        });
        const cpuBefore = [cpuMsOf(ours.workerPids), cpuMsOf([infrastructure.serverPid])] as const;
        await delay(watchedMs);
        const cpuAfter = [cpuMsOf(ours.workerPids), cpuMsOf([infrastructure.serverPid])] as const;
        const overdue = await overdueSeconds(ours.temporal, sampleOf(keys));
        const workerMiB = residentMiB(workerPid!);
        await inspected.collectGarbage();
        const figures = {
          open: keys.length,
          workerMiB,
          workerInUseMiB: residentMiB(workerPid!),
          serverMiB: residentMiB(infrastructure.serverPid),
          workerCores: (cpuAfter[0] - cpuBefore[0]) / watchedMs,
          serverCores: (cpuAfter[1] - cpuBefore[1]) / watchedMs,
          overdueP50: percentile(overdue, 0.5),
          overdueMost: percentile(overdue, 1),
        };
        measured.push(figures);
        plot.push([figures.open, figures.workerInUseMiB]);
        log(`${figures.open} open, the last ${calls} started in ${seconds.toFixed(0)} s`);
      }
      const [first] = measured;
      const last = measured.at(-1)!;
      const rows: Row[] = measured.flatMap(({ open, ...figures }) => [
        state(`worker's memory, ${open} open`, 'MiB', [figures.workerMiB]),
        state(`after a garbage collection, ${open} open`, 'MiB', [figures.workerInUseMiB]),
        state(`worker, ${open} open`, 'cores', [figures.workerCores]),
        state(`Temporal server, ${open} open`, 'cores', [figures.serverCores]),
        state(`Temporal server's memory, ${open} open`, 'MiB', [figures.serverMiB]),
        state(`gets overdue, median, ${open} open`, 's', [figures.overdueP50]),
        state(`gets overdue, most, ${open} open`, 's', [figures.overdueMost]),
      ]);
      rows.push(
        state(
          `worker's memory after a garbage collection, ${last.open} open through ${first!.open} open`,
          'ratio',
          [last.workerInUseMiB / first!.workerInUseMiB],
          { op: '<=', value: 1.1 },
        ),
      );
      return {
        rows,
        plots: [
          {
            name: 'open-sessions',
            title: 'Memory of a worker after a garbage collection, by the sessions that wait',
            xLabel: 'open sessions',
            yLabel: 'MiB',
            series: [{ name: 'worker', points: plot }],
          },
        ],
        versions: { '@temporalio/worker': packageVersion('@temporalio/worker') },
      };
    } finally {
      await infrastructure.close();
    }
  },
};

/** Evenly spread over all. */
function sampleOf(keys: readonly string[]): string[] {
  const every = Math.max(1, Math.floor(keys.length / SAMPLE));
  return keys.filter((_, index) => index % every === 0);
}

/** By how many seconds each session's next get is late already, sorted: 0 where it is not due yet. */
async function overdueSeconds(temporal: Client, keys: readonly string[]): Promise<Float64Array> {
  const late = await Promise.all(
    keys.map(async (key) => {
      const { raw } = await temporal.workflow.getHandle(sessionWorkflowId(key)).describe();
      const dueAt =
        raw.pendingActivities?.[0]?.nextAttemptScheduleTime ?? raw.pendingActivities?.[0]?.scheduledTime;
      if (!dueAt) return 0;
      return Math.max(0, Date.now() - (Number(dueAt.seconds) * 1_000 + (dueAt.nanos ?? 0) / 1e6)) / 1_000;
    }),
  );
  return Float64Array.from(late).sort();
}
